/** Actors on threads: definitions, refs, the system of one thread, and the pool of actor hosts. */
export * from "./actor.js";
