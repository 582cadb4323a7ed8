/**
 * The architecture, executed: which folder may import which, who owns which package, and which
 * calls stay inside their adapters. The table below is the one in docs/ARCHITECTURE.md.
 */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

/** Level of each folder of src/: imports only point to lower levels. */
const levels: Readonly<Record<string, number>> = {
  base: 0,
  mailbox: 1,
  index: 1,
  storage: 1,
  consistency: 1,
  protocol: 1,
  runtime: 2,
  filters: 2,
  payload: 3,
  http: 2,
  client: 2,
  supervisors: 3,
  cluster: 4,
  actors: 5,
  processes: 5,
  node: 6,
  cli: 7,
};

/** The public face stands above all but the command line. */
const rootFileLevel = 7;

/** Folders that may import each third-party package: one each, but for the encoding of the wire. */
const packageOwners: Readonly<Record<string, readonly string[]>> = {
  piscina: ["runtime"],
  "@msgpack/msgpack": ["mailbox", "protocol"],
  rxjs: ["supervisors"],
  lmdb: ["storage"],
  "fs-native-extensions": ["storage"],
  "hnswlib-node": ["index"],
  express: ["http"],
  zod: ["protocol"],
  pino: ["node"],
  "prom-client": ["node"],
  commander: ["cli"],
  "cli-progress": ["cli"],
};

/** Modules of Node that reach the outside world, and who may import them. */
const builtinOwners: Readonly<Record<string, readonly string[]>> = {
  fs: ["base/system-disk.ts", "storage/directory-lock.ts", "index/kernels.ts", "cli/"],
  "fs/promises": [
    "base/system-disk.ts",
    "base/system-network.ts",
    "processes/private-files.ts",
    "cli/",
  ],
  net: ["base/system-network.ts"],
  http: ["http/", "client/"],
  https: ["client/"],
  child_process: ["processes/child-process.ts"],
  worker_threads: ["runtime/", "mailbox/"],
};

/** Calls that only the named adapters make. */
const bannedCalls: Readonly<Record<string, readonly string[]>> = {
  "Date.now": ["base/clock.ts"],
  "performance.now": ["base/clock.ts"],
  "Math.random": [],
  setTimeout: ["base/clock.ts"],
  setInterval: [],
  randomFillSync: ["base/random.ts"],
  randomUUID: [],
  randomBytes: [],
};

const sourceRoot = resolve(import.meta.dirname, "../src");

interface Source {
  readonly path: string;
  readonly folder: string;
  readonly tree: ts.SourceFile;
}

const sources: readonly Source[] = readdirSync(sourceRoot, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !path.startsWith(`kernels${sep}`))
  .map((path) => ({
    path: path.split(sep).join("/"),
    folder: path.includes(sep) ? (path.split(sep)[0] as string) : "",
    tree: ts.createSourceFile(
      path,
      readFileSync(join(sourceRoot, path), "utf8"),
      ts.ScriptTarget.ES2022,
      true,
    ),
  }));

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

function importsOf(source: Source): string[] {
  const found: string[] = [];
  walk(source.tree, (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier) found.push((node.moduleSpecifier as ts.StringLiteral).text);
    } else if (ts.isCallExpression(node) && loadsModule(node.expression)) {
      const target = node.arguments[0];
      if (target && ts.isStringLiteral(target)) found.push(target.text);
    }
  });
  return found;
}

/** `import(…)`, or `createRequire(…)(…)`. */
function loadsModule(called: ts.Expression): boolean {
  if (called.kind === ts.SyntaxKind.ImportKeyword) return true;
  return (
    ts.isCallExpression(called) &&
    ts.isIdentifier(called.expression) &&
    called.expression.text === "createRequire"
  );
}

function levelOf(folder: string): number {
  if (folder === "") return rootFileLevel;
  const level = levels[folder];
  if (level === undefined) throw new Error(`src/${folder} is not in the level table`);
  return level;
}

function isAllowed(path: string, allowed: readonly string[]): boolean {
  return allowed.some((one) => (one.endsWith("/") ? path.startsWith(one) : path === one));
}

function packageName(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] as string);
}

function importFaults(source: Source, specifier: string): string[] {
  const where = `${source.path} imports ${specifier}`;
  if (specifier.startsWith(".")) return relativeFaults(source, specifier, where);
  if (specifier.startsWith("node:")) {
    const allowed = builtinOwners[specifier.slice(5)];
    return allowed && !isAllowed(source.path, allowed) ? [`${where}: outside its adapter`] : [];
  }
  const owners = packageOwners[packageName(specifier)];
  if (!owners) return [`${where}: a package that no folder owns`];
  return owners.includes(source.folder) ? [] : [`${where}: belongs to ${owners.join(", ")}`];
}

function relativeFaults(source: Source, specifier: string, where: string): string[] {
  const target = relative(
    sourceRoot,
    resolve(sourceRoot, dirname(source.path), specifier),
  ).replaceAll(sep, "/");
  const folder = target.includes("/") ? (target.split("/")[0] as string) : "";
  if (folder === source.folder) return [];
  const faults: string[] = [];
  if (levelOf(folder) >= levelOf(source.folder) && source.folder !== "") {
    faults.push(`${where}: points up or sideways`);
  }
  if (target !== `${folder}/index.js`) faults.push(`${where}: not through its index`);
  return faults;
}

function callFaults(source: Source): string[] {
  const faults: string[] = [];
  walk(source.tree, (node) => {
    if (!ts.isCallExpression(node)) return;
    const name = node.expression.getText(source.tree);
    const allowed = bannedCalls[name];
    if (allowed && !isAllowed(source.path, allowed)) faults.push(`${source.path} calls ${name}`);
  });
  return faults;
}

describe("architecture", () => {
  it("finds the sources", () => {
    expect(sources.length).toBeGreaterThan(20);
  });

  it("has imports that only point down, through index files, to packages of their folder", () => {
    const faults = sources.flatMap((one) =>
      importsOf(one).flatMap((specifier) => importFaults(one, specifier)),
    );
    expect(faults).toEqual([]);
  });

  it("reaches clock, chance, disk and network only through their adapters", () => {
    expect(sources.flatMap(callFaults)).toEqual([]);
  });

  it("starts every module with a header that says why it exists", () => {
    const bare = sources
      .filter((one) => !one.tree.getFullText().trimStart().startsWith("/**"))
      .map((one) => one.path);
    expect(bare).toEqual([]);
  });

  it("has no cycles inside a folder, of types neither", () => {
    const faults = findCycles(
      new Map(sources.map((one) => [one.path, localImports(one)] as const)),
    );
    expect(faults).toEqual([]);
  });

  it("is the table that docs/ARCHITECTURE.md shows", () => {
    const document = readFileSync(resolve(sourceRoot, "../docs/ARCHITECTURE.md"), "utf8");
    for (const [folder, level] of Object.entries(levels)) {
      expect(document).toMatch(new RegExp(`^\\| +${level} +\\|.*\`${folder}\``, "m"));
    }
  });
});

/** Imports of a file's own folder, those of types too. */
function localImports(source: Source): string[] {
  const found: string[] = [];
  for (const statement of source.tree.statements) {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) continue;
    const specifier = (statement.moduleSpecifier as ts.StringLiteral | undefined)?.text;
    if (!specifier?.startsWith(".")) continue;
    const target = join(dirname(source.path), specifier).replace(/\.js$/, ".ts");
    found.push(target.split(sep).join("/"));
  }
  return found;
}

function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return cycles;
}
