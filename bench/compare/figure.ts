/**
 * Recall against queries per second as a drawing (SVG), for light and dark pages. Across: recall, on
 * the scale of -log(1 - recall), so that the last percent has room. Up: queries per second of
 * processor time, logarithmic.
 */
import { median } from "./result.js";
import type { ComparisonResult, RivalResult } from "./result.js";

const size = { width: 860, height: 460, left: 64, right: 200, top: 40, bottom: 44 };
const recallTicks = [0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];
const recallRange = { from: 0.8, to: 0.9995 };
const labelStep = 15;
/** One colour for each maker; its contenders differ by their dashes. */
const colours: Readonly<Record<string, string>> = {
  dvesp: "#2f6fde",
  "hnswlib-node": "#c2571a",
  usearch: "#2e9e5b",
  zvec: "#b03a9d",
  lancedb: "#9a8412",
  "sqlite-vec": "#7d7d7d",
  faiss: "#c9334b",
};
const dashes = ["", "6 3", "2 3", "8 3 2 3"];

interface Scale {
  readonly x: (recall: number) => number;
  readonly y: (perSecond: number) => number;
}

const depth = (recall: number): number => -Math.log(1 - Math.min(recall, recallRange.to));

function scaleFor(low: number, high: number): Scale {
  const [from, to] = [depth(recallRange.from), depth(recallRange.to)];
  const across = size.width - size.left - size.right;
  const up = size.height - size.top - size.bottom;
  return {
    x: (recall) => size.left + (across * (depth(recall) - from)) / (to - from),
    y: (value) => size.height - size.bottom - (up * Math.log(value / low)) / Math.log(high / low),
  };
}

function ticksBetween(low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let power = 1; power <= high; power *= 10) {
    for (const step of [1, 2, 5])
      if (power * step >= low && power * step <= high) ticks.push(power * step);
  }
  return ticks;
}

function axes({ x, y }: Scale, low: number, high: number): string[] {
  const [right, bottom] = [size.width - size.right, size.height - size.bottom];
  const across = recallTicks.map(
    (at) =>
      `<path class="grid" d="M${x(at).toFixed(1)} ${size.top}V${bottom}"/>` +
      `<text x="${x(at).toFixed(1)}" y="${bottom + 16}" text-anchor="middle">${at}</text>`,
  );
  const up = ticksBetween(low, high).map(
    (at) =>
      `<path class="grid" d="M${size.left} ${y(at).toFixed(1)}H${right}"/>` +
      `<text x="${size.left - 6}" y="${(y(at) + 4).toFixed(1)}" text-anchor="end">${at.toLocaleString("en")}</text>`,
  );
  const middle = (size.left + right) / 2;
  return [
    ...across,
    ...up,
    `<text x="${middle}" y="${size.height - 8}" text-anchor="middle">recall@10</text>`,
  ];
}

interface Curve {
  readonly name: string;
  readonly colour: string;
  readonly dash: string;
  readonly points: readonly { readonly recall: number; readonly perSecond: number }[];
}

function curvesOf(rivals: readonly RivalResult[]): Curve[] {
  const seen = new Map<string, number>();
  return rivals.map(({ name, points }) => {
    const maker = name.split(" ")[0]!;
    const number = seen.get(maker) ?? 0;
    seen.set(maker, number + 1);
    return {
      name,
      colour: colours[maker] ?? "#7d7d7d",
      dash: dashes[number % dashes.length]!,
      points: points
        .map(({ recall, cpuUs }) => ({ recall, perSecond: 1e6 / median(cpuUs) }))
        .filter(({ recall }) => recall >= recallRange.from),
    };
  });
}

function draw({ colour, dash, points }: Curve, { x, y }: Scale): string {
  const places = points.map(({ recall, perSecond }) => ({ x: x(recall), y: y(perSecond) }));
  const path = places.map((at) => `${at.x.toFixed(1)} ${at.y.toFixed(1)}`).join("L");
  const dots = places.map(
    (at) => `<circle cx="${at.x.toFixed(1)}" cy="${at.y.toFixed(1)}" r="2.2"/>`,
  );
  const line = `<path d="M${path}" fill="none" stroke-width="1.8" stroke-dasharray="${dash}"/>`;
  return `<g stroke="${colour}" fill="${colour}">${line}${dots.join("")}</g>`;
}

function legend(curves: readonly Curve[]): string[] {
  const left = size.width - size.right + 16;
  return curves.map(({ name, colour, dash }, at) => {
    const y = size.top + 6 + at * labelStep;
    const line = `<path d="M${left} ${y - 4}h26" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>`;
    return `${line}<text x="${left + 32}" y="${y}">${name}</text>`;
  });
}

const style = `text{font:11px system-ui,sans-serif;fill:#444}.grid{stroke:#8884;stroke-width:.7}.title{font-weight:600;font-size:13px}
@media (prefers-color-scheme:dark){text{fill:#ccc}}`;

export function figure({ set, rows, dimension, rivals }: ComparisonResult): string {
  const curves = curvesOf(rivals).filter(({ points }) => points.length > 0);
  const values = curves.flatMap(({ points }) => points.map(({ perSecond }) => perSecond));
  const [low, high] = [Math.min(...values) * 0.8, Math.max(...values) * 1.25];
  const scale = scaleFor(low, high);
  const title = `${set}, ${rows.toLocaleString("en")} × ${dimension}: queries per second of processor time`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img">`,
    `<title>${title}</title><style>${style}</style>`,
    `<text class="title" x="${size.left}" y="22">${title}</text>`,
    ...axes(scale, low, high),
    ...curves.map((curve) => draw(curve, scale)),
    ...legend(curves),
    "</svg>",
    "",
  ].join("\n");
}
