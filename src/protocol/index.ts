/** The contract: its values, its interfaces, its errors, its encodings. Imports nothing but base. */
export * from "./types.js";
export * from "./vector-store.js";
