/**
 * A regular expression as a list of instructions for a machine that is in many places at once (Ken
 * Thompson's construction; see Russ Cox, "Regular Expression Matching: the Virtual Machine
 * Approach"). Its length bounds what one character of text can cost.
 */
import { unreachable } from "../base/index.js";
import { type Assertion, type RegexNode, UnsupportedRegex } from "./regex-syntax.js";

export type Instruction =
  /** Reads one character and goes on to the next instruction. */
  | { readonly op: "atom"; readonly source: string }
  /** Goes on only where `what` holds. */
  | { readonly op: "assert"; readonly what: Assertion }
  /** Goes on at both. */
  | { readonly op: "split"; readonly first: number; readonly second: number }
  | { readonly op: "match" };

/** Counted repetitions are written out, so `a{1000}` takes a thousand. */
export const instructionsMax = 1000;

/** Throws `UnsupportedRegex` when the program would be too long. */
export function regexProgram(node: RegexNode): readonly Instruction[] {
  const program: Instruction[] = [];
  emit(node, program);
  push(program, { op: "match" });
  return program;
}

function emit(node: RegexNode, program: Instruction[]): void {
  switch (node.kind) {
    case "atom":
      push(program, { op: "atom", source: node.source });
      return;
    case "assert":
      push(program, { op: "assert", what: node.what });
      return;
    case "sequence":
      for (const item of node.items) emit(item, program);
      return;
    case "choice":
      emitChoice(node.options, program);
      return;
    case "repeat":
      emitRepeat(node, program);
      return;
    default:
      unreachable(node);
  }
}

/** split 1, 2; 1: first; jump to the end; 2: the others. A jump is a split to one place. */
function emitChoice(options: readonly RegexNode[], program: Instruction[]): void {
  const ends: number[] = [];
  options.forEach((option, index) => {
    if (index === options.length - 1) {
      emit(option, program);
      return;
    }
    const split = reserve(program);
    emit(option, program);
    ends.push(reserve(program));
    program[split] = { op: "split", first: split + 1, second: program.length };
  });
  for (const end of ends) {
    program[end] = { op: "split", first: program.length, second: program.length };
  }
}

function emitRepeat(
  { item, min, max }: Extract<RegexNode, { kind: "repeat" }>,
  program: Instruction[],
): void {
  for (let count = 0; count < min; count++) {
    const before = program.length;
    emit(item, program);
    // An empty item stays empty, however often.
    if (program.length === before) return;
  }
  if (max === Infinity) {
    const split = reserve(program);
    emit(item, program);
    push(program, { op: "split", first: split, second: split });
    program[split] = { op: "split", first: split + 1, second: program.length };
    return;
  }
  const splits: number[] = [];
  for (let count = min; count < max; count++) {
    splits.push(reserve(program));
    emit(item, program);
  }
  for (const split of splits) {
    program[split] = { op: "split", first: split + 1, second: program.length };
  }
}

/** A place for a split whose targets are not known yet. */
function reserve(program: Instruction[]): number {
  push(program, { op: "match" });
  return program.length - 1;
}

function push(program: Instruction[], instruction: Instruction): void {
  if (program.length >= instructionsMax) {
    throw new UnsupportedRegex(
      `more than ${instructionsMax} steps when repetitions are written out`,
    );
  }
  program.push(instruction);
}
