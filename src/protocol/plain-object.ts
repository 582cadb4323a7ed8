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
  const name = typeof value === "object" && !isPlainObject(value) ? className(value) : typeof value;
  return `${/^[aeiou]/i.test(name) ? "an" : "a"} ${name}`;
}

function className(value: object): string {
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  const { constructor } = value as { constructor?: unknown };
  return tag === "Object" && typeof constructor === "function" ? constructor.name : tag;
}
