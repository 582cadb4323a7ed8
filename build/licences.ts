/** The licences of the packages whose code is in the bundle, to be shipped with it. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "rolldown";

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
}

const fileName = "THIRD-PARTY-LICENSES.txt";

/** Writes `THIRD-PARTY-LICENSES.txt`. A package without a licence text fails the build. */
export function shipLicences(): Plugin {
  return {
    name: "ship-licences",
    generateBundle(_, bundle) {
      const modules = Object.values(bundle).flatMap((one) =>
        one.type === "chunk" ? one.moduleIds : [],
      );
      const directories = modules
        .filter((id) => id.includes("/node_modules/"))
        .map((id) => packageDirectory(dirname(id)));
      const texts = [...new Set(directories)].sort().map(licenceOf);
      this.emitFile({ type: "asset", fileName, source: texts.join(`\n${"-".repeat(80)}\n\n`) });
    },
  };
}

/** Folders inside a package may have a package.json too, but without a name and a version. */
function packageDirectory(directory: string): string {
  const path = join(directory, "package.json");
  if (existsSync(path) && manifestIn(directory).version !== undefined) return directory;
  return packageDirectory(dirname(directory));
}

function manifestIn(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Manifest;
}

function licenceOf(directory: string): string {
  const { name = "", version = "", license = "" } = manifestIn(directory);
  const files = readdirSync(directory).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  if (files.length === 0) throw new Error(`${name} has no licence text to ship`);
  const texts = files.map((file) => readFileSync(join(directory, file), "utf8").trimEnd());
  return `${name} ${version} (${license})\n\n${texts.join("\n\n")}\n`;
}
