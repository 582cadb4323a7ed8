/** The automaton of linear-regex.ts: states and transitions are made when a text first needs them. */
import { present } from "../base/index.js";
import type { Instruction } from "./regex-program.js";
import type { Assertion } from "./regex-syntax.js";

/** What stands on one side of a place in the text, as far as assertions can tell. */
enum Side {
  /** Nothing: the start or the end of the text. */
  edge,
  lineEnd,
  word,
  other,
}

interface State {
  /** Places in the program, ascending, at which a match begun earlier goes on. */
  readonly places: readonly number[];
  /** What was read last. */
  readonly before: Side;
  /** By code point; the first 128 in an array. `found` when a match ends before that character. */
  readonly ascii: (State | typeof found | undefined)[];
  readonly others: Map<number, State | typeof found>;
  /** Whether a match ends where the text does; undefined until asked. */
  endsHere: boolean | undefined;
}

const found = Symbol("found");
const asciiCount = 128;
/** What one automaton remembers before it starts anew: some two megabytes. */
const transitionsMax = 20_000;
const statesMax = 1000;

export class LazyAutomaton {
  readonly #program: readonly Instruction[];
  /** Per place: whether the atom there takes a character. */
  readonly #atoms: readonly (RegExp | undefined)[];
  readonly #wordCharacter: RegExp;
  readonly #multiline: boolean;
  /** Without assertions it makes no difference what stands beside a place: fewer states. */
  readonly #hasAssertions: boolean;
  #states = new Map<string, State>();
  #transitions = 0;
  #start: State;

  constructor(program: readonly Instruction[], flags: string) {
    this.#program = program;
    const atomFlags = `${flags.replace("m", "")}u`;
    const sources = new Map<string, RegExp>();
    const atomOf = (source: string): RegExp => {
      const known = sources.get(source) ?? new RegExp(`^(?:${source})$`, atomFlags);
      sources.set(source, known);
      return known;
    };
    this.#atoms = program.map((one) => (one.op === "atom" ? atomOf(one.source) : undefined));
    this.#wordCharacter = new RegExp("^\\w$", atomFlags);
    this.#multiline = flags.includes("m");
    this.#hasAssertions = program.some((one) => one.op === "assert");
    this.#start = this.#stateOf([], Side.edge);
  }

  test(text: string): boolean {
    let state = this.#start;
    for (let index = 0; index < text.length; index++) {
      let code = text.charCodeAt(index);
      if (code >= 0xd800 && code < 0xdc00) {
        code = text.codePointAt(index) as number;
        if (code > 0xffff) index++;
      }
      const known = code < asciiCount ? state.ascii[code] : state.others.get(code);
      const next = known ?? this.#step(state, code);
      if (next === found) return true;
      state = next;
    }
    return (state.endsHere ??= this.#closure(state, Side.edge) === found);
  }

  #step(state: State, code: number): State | typeof found {
    const character = String.fromCodePoint(code);
    const side = this.#hasAssertions ? this.#sideOf(character) : Side.other;
    const reached = this.#closure(state, side);
    const next = reached === found ? found : this.#stateOf(this.#after(reached, character), side);
    this.#remember(state, code, next);
    return next;
  }

  /** The places behind the atoms at `places` that take `character`. */
  #after(places: readonly number[], character: string): number[] {
    const taken = places.filter((place) => present(this.#atoms[place], "atom").test(character));
    return taken.map((place) => place + 1);
  }

  #remember(state: State, code: number, next: State | typeof found): void {
    if (++this.#transitions > transitionsMax || this.#states.size > statesMax) {
      this.#transitions = 0;
      this.#states = new Map();
      this.#start = this.#stateOf([], Side.edge);
      return;
    }
    if (code < asciiCount) state.ascii[code] = next;
    else state.others.set(code, next);
  }

  #stateOf(places: readonly number[], before: Side): State {
    const key = `${before}:${places.join()}`;
    const known = this.#states.get(key);
    if (known) return known;
    const ascii = new Array<undefined>(asciiCount).fill(undefined);
    const state = { places, before, ascii, others: new Map<never, never>(), endsHere: undefined };
    this.#states.set(key, state);
    return state;
  }

  /**
   * The atoms reached from a state without reading, a new match begun here included, in ascending
   * order; `found` when the end of the program is among what is reached.
   */
  #closure({ places, before }: State, after: Side): readonly number[] | typeof found {
    const seen = new Uint8Array(this.#program.length);
    const open = [0, ...places];
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      if (seen[place] === 1) continue;
      seen[place] = 1;
      const instruction = present(this.#program[place], "instruction");
      if (instruction.op === "match") return found;
      if (instruction.op === "split") open.push(instruction.first, instruction.second);
      if (instruction.op === "assert" && this.#holds(instruction.what, before, after)) {
        open.push(place + 1);
      }
    }
    return this.#atoms.flatMap((atom, place) => (atom && seen[place] === 1 ? [place] : []));
  }

  #holds(what: Assertion, before: Side, after: Side): boolean {
    const boundary = (before === Side.word) !== (after === Side.word);
    switch (what) {
      case "start":
        return before === Side.edge || (this.#multiline && before === Side.lineEnd);
      case "end":
        return after === Side.edge || (this.#multiline && after === Side.lineEnd);
      case "boundary":
        return boundary;
      case "inside":
        return !boundary;
    }
  }

  #sideOf(character: string): Side {
    if (this.#wordCharacter.test(character)) return Side.word;
    return /^[\n\r\u2028\u2029]$/.test(character) ? Side.lineEnd : Side.other;
  }
}
