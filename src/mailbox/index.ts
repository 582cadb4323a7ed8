/** Messages between hosts: frames, the links that carry them, and the queues they wait in. */
export * from "./address.js";
export * from "./credit.js";
export * from "./dead-letters.js";
export * from "./frame.js";
export * from "./handshake.js";
export * from "./link.js";
export * from "./loopback-link.js";
export * from "./mailbox.js";
export * from "./moved.js";
export * from "./payload-codec.js";
export * from "./port-link.js";
export * from "./socket-link.js";
