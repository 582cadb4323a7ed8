/** Of the trace of a round, what concerns one row: its writes and reads, and all faults. */

const faultLine = /^[\d.]+ (fault|mended|load_over) /;
const nameOf = /"n":\d+,"in":"[^"]*"/;

/** `row`: how the trace names it, the beginning of its id. */
export function rowTrace(lines: readonly string[], row: string): string[] {
  const writes = new Set(
    lines.filter((line) => line.includes(" write ") && line.includes(row)).map(writeOf),
  );
  return lines.filter((line) => {
    if (faultLine.test(line) || line.includes(row)) return true;
    return line.includes(" written ") && writes.has(writeOf(line));
  });
}

function writeOf(line: string): string {
  return nameOf.exec(line)?.[0] ?? "";
}
