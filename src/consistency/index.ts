/** Which of two writes is later, what a read must have seen, and whether two replicas agree. */
export * from "./commit-token.js";
export * from "./hybrid-clock.js";
export * from "./merkle.js";
export * from "./version.js";
