/** What counts as an object of JSON, also when it was made in another realm (`node:vm`, test runners). */

/** True for object literals and parsed JSON; false for arrays and instances of any class. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What `value` is, for error messages: `a string`, `undefined`, `a Date`. */
export function nameOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return "an array";
  const type = typeof value;
  const name = type === "object" ? Object.prototype.toString.call(value).slice(8, -1) : type;
  const shown = name === "Object" ? "object" : name;
  return `${/^[aeiou]/i.test(shown) ? "an" : "a"} ${shown}`;
}
