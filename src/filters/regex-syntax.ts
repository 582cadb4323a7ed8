/**
 * The structure of a regular expression, read from a pattern that the JavaScript engine has already
 * accepted (with its `u` flag), so that only its parts have to be told apart. What one character may
 * be stays source text (an *atom*: `a`, `.`, `\d`, `[^,]`, `\p{L}`), for the engine itself to judge.
 *
 * Lookaround and back-references are not regular and are refused. Groups only group here, and lazy
 * quantifiers are as good as greedy ones: all that is asked is whether there is a match.
 */

export type Assertion = "start" | "end" | "boundary" | "inside";

export type RegexNode =
  | { readonly kind: "atom"; readonly source: string }
  | { readonly kind: "assert"; readonly what: Assertion }
  | { readonly kind: "sequence"; readonly items: readonly RegexNode[] }
  | { readonly kind: "choice"; readonly options: readonly RegexNode[] }
  | {
      readonly kind: "repeat";
      readonly item: RegexNode;
      readonly min: number;
      /** Infinity for no bound. */
      readonly max: number;
    };

/** Thrown for what the pattern may not use; the message says what. */
export class UnsupportedRegex extends Error {
  override readonly name = "UnsupportedRegex";
}

/** Parses a valid pattern. Throws `UnsupportedRegex`. */
export function parseRegex(pattern: string): RegexNode {
  return new Parser(pattern).choice(0);
}

/** Groups that stand in each other. */
const depthMax = 64;

/** The shapes of an escape that is more than two characters long. */
const longEscape = /\\(?:u\{[0-9a-f]+\}|u[0-9a-f]{4}|x[0-9a-f]{2}|c[a-z]|p\{[^}]*\})/iy;
const surrogateEscapes = /\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}/iy;
const characterClass = /\[(?:[^\]\\]|\\[^])*\]/y;
const groupHead = /\((?:\?:|\?<[^=!][^>]*>|(?!\?))/y;
const quantifier = /(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/y;

class Parser {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  choice(depth: number): RegexNode {
    if (depth > depthMax) throw new UnsupportedRegex(`groups nested deeper than ${depthMax}`);
    const options = [this.#sequence(depth)];
    while (this.#pattern[this.#at] === "|") {
      this.#at++;
      options.push(this.#sequence(depth));
    }
    return { kind: "choice", options };
  }

  #sequence(depth: number): RegexNode {
    const items: RegexNode[] = [];
    for (;;) {
      const next = this.#pattern[this.#at];
      if (next === undefined || next === "|" || next === ")") return { kind: "sequence", items };
      items.push(this.#quantified(this.#term(depth)));
    }
  }

  #term(depth: number): RegexNode {
    switch (this.#pattern[this.#at]) {
      case "^":
        return this.#assertion("start", 1);
      case "$":
        return this.#assertion("end", 1);
      case "(":
        return this.#group(depth);
      case "[":
        return this.#atom(this.#take(characterClass) ?? "");
      case "\\":
        return this.#escape();
      default:
        return this.#atom(String.fromCodePoint(this.#pattern.codePointAt(this.#at) ?? 0));
    }
  }

  #group(depth: number): RegexNode {
    const head = this.#take(groupHead);
    if (head === undefined) throw new UnsupportedRegex("lookaround and modifiers");
    this.#at += head.length;
    const inner = this.choice(depth + 1);
    this.#at++;
    return inner;
  }

  #escape(): RegexNode {
    const long = this.#take(surrogateEscapes) ?? this.#take(longEscape);
    if (long !== undefined) return this.#atom(long);
    const letter = this.#pattern[this.#at + 1] ?? "";
    if (letter === "b") return this.#assertion("boundary", 2);
    if (letter === "B") return this.#assertion("inside", 2);
    if (/[1-9k]/.test(letter)) throw new UnsupportedRegex("back-references");
    return this.#atom(`\\${letter}`);
  }

  #quantified(item: RegexNode): RegexNode {
    quantifier.lastIndex = this.#at;
    const match = quantifier.exec(this.#pattern);
    if (!match) return item;
    this.#at += match[0].length;
    const [, sign, low, comma, high] = match;
    if (sign === "*") return { kind: "repeat", item, min: 0, max: Infinity };
    if (sign === "+") return { kind: "repeat", item, min: 1, max: Infinity };
    if (sign === "?") return { kind: "repeat", item, min: 0, max: 1 };
    const min = Number(low);
    const max = comma === "" ? min : high === "" ? Infinity : Number(high);
    return { kind: "repeat", item, min, max };
  }

  #assertion(what: Assertion, length: number): RegexNode {
    this.#at += length;
    return { kind: "assert", what };
  }

  #atom(source: string): RegexNode {
    this.#at += source.length;
    return { kind: "atom", source };
  }

  /** What `shape` (a sticky expression) finds at the current place, without going past it. */
  #take(shape: RegExp): string | undefined {
    shape.lastIndex = this.#at;
    return shape.exec(this.#pattern)?.[0];
  }
}
