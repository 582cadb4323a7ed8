/** The ground: time, chance, errors, limits and value forms that everything else takes for granted. */
export * from "./assert.js";
export * from "./clock.js";
export * from "./errors.js";
export * from "./json.js";
export * from "./limits.js";
export * from "./random.js";
export * from "./uuid.js";
export * from "./virtual-clock.js";
