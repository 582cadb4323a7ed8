/**
 * The page at `/`: what a person wants to see first. Collections with their rows, nodes, and events
 * as they happen. One document without anything from elsewhere; the policy below lets it run its own
 * script, speak to its own server, and do nothing else. All that it shows is written as text.
 *
 * The page itself holds no data, so it needs no key; its requests do, and it asks the reader for one.
 * Events come by `fetch`, not `EventSource`, because the latter cannot send a key.
 */
import { createHash } from "node:crypto";

const style = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 14%, transparent);
  --soft: color-mix(in srgb, currentColor 62%, transparent); --ok: #2e9e6b; --warn: #c98a1b;
  --bad: #d0453e; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 2rem 1.25rem 4rem;
  font: 15px/1.5 system-ui, sans-serif; }
header { display: flex; align-items: baseline; gap: .75rem; margin-bottom: 2rem; }
h1 { font-size: 1.35rem; margin: 0; letter-spacing: .02em; }
h2 { font-size: .8rem; margin: 2.25rem 0 .5rem; text-transform: uppercase; letter-spacing: .08em;
  color: var(--soft); }
#state { color: var(--soft); margin-left: auto; }
#state::before, .state::before { content: ""; display: inline-block; width: .55rem; height: .55rem;
  border-radius: 50%; margin-right: .45rem; background: var(--soft); }
.alive::before { background: var(--ok) !important; }
.suspect::before { background: var(--warn) !important; }
.dead::before { background: var(--bad) !important; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .45rem 1.75rem .45rem 0; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { font-weight: 500; color: var(--soft); font-size: .85rem; }
td { font-variant-numeric: tabular-nums; }
.number { text-align: right; }
th:last-child, td:last-child { padding-right: 0; }
.empty { color: var(--soft); padding: .6rem 0; }
#events { list-style: none; margin: 0; padding: 0; font: 13px/1.6 ui-monospace, monospace;
  max-height: 22rem; overflow-y: auto; }
#events li { display: flex; gap: .9rem; border-bottom: 1px solid var(--line); padding: .15rem 0; }
#events time, #events .detail { color: var(--soft); }
#events .detail { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
dialog { border: 1px solid var(--line); border-radius: .5rem; padding: 1.25rem; }
input, button { font: inherit; padding: .3rem .6rem; }
`;

const script = `
"use strict";
const at = (id) => document.getElementById(id);
const base = location.pathname.replace(/\\/$/, "");
const whole = new Intl.NumberFormat();
const eventsShown = 200, refreshMs = 3000, againMs = 2000;

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function headers() {
  const key = sessionStorage.getItem("dvesp-key");
  return key ? { accept: "application/json", authorization: "Bearer " + key }
    : { accept: "application/json" };
}

async function get(path, options = {}) {
  const answer = await fetch(base + path, { headers: headers(), ...options });
  if (answer.status === 401 && !at("ask").open) at("ask").showModal();
  if (!answer.ok) throw new Error(path + " answered " + answer.status);
  return answer;
}

function fill(id, columns, rows, empty) {
  const place = at(id);
  if (rows.length === 0) return place.replaceChildren(element("p", empty, "empty"));
  const table = element("table"), head = element("tr");
  for (const [title, kind] of columns) head.append(element("th", title, kind));
  table.append(head);
  for (const row of rows) {
    const line = element("tr");
    row.forEach((value, index) => {
      const cell = element("td", undefined, columns[index][1]);
      cell.append(value instanceof Node ? value : String(value));
      line.append(cell);
    });
    table.append(line);
  }
  place.replaceChildren(table);
}

function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) { bytes /= 1024; unit++; }
  return bytes.toFixed(unit && bytes < 100 ? 1 : 0) + " " + units[unit];
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

async function refresh() {
  const [collections, cluster] = await Promise.all(
    ["/v1/collections", "/v1/cluster"].map(async (path) => (await get(path)).json()));
  fill("collections",
    [["collection"], ["rows", "number"], ["indexed", "number"], ["dimension", "number"],
      ["metric"], ["index"], ["shards × replicas", "number"], ["size", "number"]],
    collections.map((one) => [one.collection, whole.format(one.rows),
      whole.format(one.indexed_rows), one.dimension, one.distance_metric, one.index.type,
      one.shards + " × " + one.replication_factor, size(sum(Object.values(one.bytes)))]),
    "No collection yet: the first insert makes one.");
  fill("nodes", [["node"], ["address"], ["process", "number"], ["disk", "number"],
      ["state"]],
    cluster.nodes.map((one) =>
      [one.id, one.address, one.pid, one.disk ? (one.disk.full ? "full" :
        size(one.disk.free_bytes) + " free") : "", element("span", one.state, "state " + one.state)]),
    "No node is known.");
  const replicas = cluster.collections.flatMap((one) => one.shards.flatMap((shard) =>
    shard.replicas.map((replica) => [one.collection, shard.id, replica.node, replica.state,
      replica.lag_ms + " ms", replica.merkle_root.slice(0, 12)])));
  fill("replicas", [["collection"], ["shard", "number"], ["node"], ["state"], ["lag", "number"],
    ["Merkle root"]], replicas, "No shard yet.");
}

function show(event) {
  const { type, time_ms, ...detail } = event;
  const line = element("li");
  line.append(element("time", new Date(time_ms).toLocaleTimeString()), element("span", type),
    element("span", Object.keys(detail).length ? JSON.stringify(detail) : "", "detail"));
  at("events").prepend(line);
  while (at("events").children.length > eventsShown) at("events").lastChild.remove();
}

async function follow() {
  const answer = await get("/v1/events", { headers: { ...headers(), accept: "*/*" } });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split("\\n\\n");
    text = blocks.pop();
    for (const block of blocks)
      if (block.startsWith("data: ")) show(JSON.parse(block.slice(6)));
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function keep(doing, ms, onResult) {
  for (;;) {
    await doing().then(() => onResult(true), () => onResult(false));
    await pause(ms);
  }
}

at("key").addEventListener("submit", () => {
  sessionStorage.setItem("dvesp-key", at("key-text").value);
  refresh().catch(() => undefined);
});
keep(refresh, refreshMs, (good) => {
  at("state").textContent = good ? "connected" : "no answer";
  at("state").className = good ? "alive" : "dead";
});
keep(follow, againMs, () => undefined);
`;

export const dashboardPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>DVESP</title>
<style>${style}</style>
</head>
<body>
<header><h1>DVESP</h1><span id="state">connecting</span></header>
<h2>Collections</h2><div id="collections" class="scroll"></div>
<h2>Nodes</h2><div id="nodes" class="scroll"></div>
<h2>Replicas</h2><div id="replicas" class="scroll"></div>
<h2>Events</h2><ol id="events"></ol>
<dialog id="ask"><form id="key" method="dialog">
<label>API key <input id="key-text" type="password" autocomplete="off"></label>
<button>Use</button>
</form></dialog>
<script>${script}</script>
</body>
</html>
`;

/** `Content-Security-Policy` of the page: its own style and script by their digests. */
export const dashboardPolicy = [
  "default-src 'none'",
  "connect-src 'self'",
  `style-src ${digestOf(style)}`,
  `script-src ${digestOf(script)}`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

function digestOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
