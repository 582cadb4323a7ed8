/**
 * Regular expressions that cannot be made to run for ever. The patterns come from callers and the
 * texts from whoever wrote the rows; a backtracking engine can need time exponential in the text
 * (`(a+)+$`), and quadratic for as little as `a*b`. This one reads each character once.
 *
 * It is a deterministic automaton made as it goes (as in RE2 and Rust's regex): a state is the set of
 * program places that a match may be at. Transitions are remembered, so that usual texts cost one
 * table look-up per character; the memory for them is bounded, and dropped when it is full. At worst
 * a character costs one pass over the program, which `instructionsMax` bounds.
 *
 * The meaning is that of JavaScript's RegExp with the flag `u`, because the engine itself judges
 * single characters; lookaround and back-references are refused (regex-syntax.ts).
 */
import { LazyAutomaton } from "./lazy-automaton.js";
import { regexProgram } from "./regex-program.js";
import { UnsupportedRegex, parseRegex } from "./regex-syntax.js";

const patternCharsMax = 1000;

export interface LinearRegex {
  /** Whether the pattern is found anywhere in `text`. */
  test(text: string): boolean;
}

/** What is wrong with a pattern and its flags (`i`, `m`, `s`); undefined when they can be compiled. */
export function regexProblem(pattern: string, flags: string): string | undefined {
  if (pattern.length > patternCharsMax) return `is longer than ${patternCharsMax} characters`;
  if (!/^(?!.*(.).*\1)[ims]*$/.test(flags)) return "has $options other than i, m and s, each once";
  try {
    new RegExp(pattern, `${flags}u`);
    regexProgram(parseRegex(pattern));
    return undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return `is no regular expression: ${error.message}`;
    if (error instanceof UnsupportedRegex) return `uses what is not supported: ${error.message}`;
    throw error;
  }
}

/** Compiles a pattern that `regexProblem` has nothing against. */
export function compileRegex(pattern: string, flags: string): LinearRegex {
  return new LazyAutomaton(regexProgram(parseRegex(pattern)), flags);
}
