/** The ground: time, chance, errors, limits and value forms that everything else takes for granted. */
export * from "./assert.js";
export * from "./clock.js";
export * from "./disk.js";
export * from "./errors.js";
export * from "./json.js";
export * from "./json-file.js";
export * from "./limits.js";
export * from "./memory-disk.js";
export * from "./memory-network.js";
export * from "./native-gate.js";
export * from "./network.js";
export * from "./packed-bytes.js";
export * from "./random.js";
export * from "./system-disk.js";
export * from "./system-network.js";
export * from "./uuid.js";
export * from "./virtual-clock.js";
