import { defineConfig } from "vitest/config";

const report = process.env["DVESP_TEST_REPORT"];

/** Files at once: a runner with more cores is no reason for more clusters beside each other. */
const workers = 2;

// Two projects: `unit` runs TypeScript sources in this thread; `system` starts real worker threads
// and processes, which run the compiled `dist/`, so it needs `npm run build` first.
export default defineConfig({
  test: {
    reporters: report === undefined ? ["default"] : ["default", "json"],
    ...(report === undefined ? {} : { outputFile: { json: report } }),
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts", "test/*.test.ts"],
          testTimeout: 20_000,
          maxWorkers: workers,
        },
      },
      {
        test: {
          name: "system",
          include: ["test/system/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          pool: "forks",
          maxWorkers: workers,
        },
      },
    ],
  },
});
