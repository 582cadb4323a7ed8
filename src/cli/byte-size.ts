/** Sizes as people write them: `64GiB`, `1.5 TiB`, `8G` (powers of 1,024 all of them), or bytes. */
const pattern = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(?:i?b)?$/i;
const letters = "kmgtp";

/** Bytes; undefined for text that is no size. */
export function parseByteSize(text: string): number | undefined {
  const match = pattern.exec(text.trim());
  if (!match) return undefined;
  const [, amount = "", letter = ""] = match;
  const power = letter === "" ? 0 : letters.indexOf(letter.toLowerCase()) + 1;
  return Math.round(Number(amount) * 1024 ** power);
}
