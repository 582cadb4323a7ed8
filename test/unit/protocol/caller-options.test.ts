import { describe, expect, it } from "vitest";
import {
  checkConnectOptions,
  checkOpenOptions,
  checkServeOptions,
} from "../../../src/protocol/index.js";
import { refusalOf } from "./refusal-of.js";

const nodes = ["localhost:7000"];

describe("the options of open, serve and connect", () => {
  it("pass when they are what they say", () => {
    checkOpenOptions({ path: "data" });
    checkOpenOptions({ path: "data", caller_thread_ms: 0.5 });
    checkOpenOptions({ path: "data", threads: 0, build_threads: 2, split_rows: 1, cluster: {} });
    checkServeOptions({ path: "data", host: "::1", port: 0, api_key: "k", log_level: "silent" });
    checkConnectOptions({ nodes, consistency_level: "ALL", timeout_ms: 5, format: "json" });
    checkConnectOptions({ nodes, hedge_after_ms: 0, api_key: undefined, clock: {} });
  });

  it.each([
    [checkOpenOptions, { path: "" }, "path"],
    [checkOpenOptions, {}, "path"],
    [checkOpenOptions, { path: "data", thread: 2 }, "thread"],
    [checkOpenOptions, { path: "data", threads: 1.5 }, "threads"],
    [checkOpenOptions, { path: "data", split_rows: 0 }, "split_rows"],
    [checkOpenOptions, { path: "data", port: 7000 }, "port"],
    [checkOpenOptions, { path: "data", caller_thread_ms: -1 }, "caller_thread_ms"],
    [checkServeOptions, { path: "data", caller_thread_ms: 1 }, "caller_thread_ms"],
    [checkServeOptions, { path: "data", port: 70_000 }, "port"],
    [checkServeOptions, { path: "data", log_level: "loud" }, "log_level"],
    [checkConnectOptions, {}, "nodes"],
    [checkConnectOptions, { nodes: [] }, "nodes"],
    [checkConnectOptions, { nodes: [7000] }, "nodes[0]"],
    [checkConnectOptions, { nodes, timeout_ms: "5" }, "timeout_ms"],
    [checkConnectOptions, { nodes, timeuot_ms: 5 }, "timeuot_ms"],
    [checkConnectOptions, { nodes, consistency_level: "MOST" }, "consistency_level"],
    [checkConnectOptions, { nodes, api_key: "" }, "api_key"],
  ])("%o refuses %j: %s", (check, options, field) => {
    expect(refusalOf(() => check(options))).toMatchObject({ code: "INVALID_ARGUMENT", field });
  });

  it.each([undefined, null, "data", 7, [], new Map()])("are an object, not %o", (options) => {
    for (const check of [checkOpenOptions, checkServeOptions, checkConnectOptions]) {
      expect(refusalOf(() => check(options)).code).toBe("INVALID_ARGUMENT");
    }
  });
});
