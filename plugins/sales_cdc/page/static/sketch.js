// Sketch a plot at once in SVG: stacked, grouped and horizontal bars, and areas. plotly.js takes about a second to start, and then
// draws the same plot with hover texts.
import { s } from "./dom.js";

const LEFT = 46;
const RIGHT = 10;
const TOP = 26;
const BOTTOM = 34;
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const moment = (value) => (typeof value === "number" ? value : Date.parse(/[T ]\d/.test(value) && !value.endsWith("Z") ? `${value.replace(" ", "T")}Z` : value));
const share = (value, [low, high]) => (high > low ? (value - low) / (high - low) : 0.5);
const day = (at) => new Date(at).toISOString().slice(5, 16).replace("T", " ").replace(" 00:00", "");

/** Return an SVG of the traces; `colours` are {muted, line}. */
export const sketch = ({ data, layout = {} }, width, height, colours) => {
  const text = (x, y, content, more = {}) => s("text", { x, y, fill: colours.muted, "font-size": 12, ...more }, content);
  const svg = s("svg", { class: "sketch", width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  svg.append(...(data[0]?.orientation === "h" ? lying(data[0], width, height, text) : standing(data, layout, width, height, colours, text)));
  if (data.length > 1) svg.append(...legend(data, width, text));
  return svg;
};

/** Round up to the next number that reads well. */
const rounded = (value) => {
  const unit = 10 ** Math.floor(Math.log10(value));
  return unit * [1, 2, 4, 5, 6, 8, 10].find((each) => value <= each * unit);
};

const legend = (data, width, text) => {
  let x = LEFT;
  return data.flatMap(({ name, marker }) => {
    const left = x;
    const said = plainText(name);
    x += 26 + 7 * said.length;
    return x > width ? [] : [s("rect", { x: left, y: 5, width: 10, height: 10, fill: marker.color }), text(left + 14, 14, said)];
  });
};

const lying = ({ x, y, marker }, width, height, text) => {
  const most = Math.max(...x.map(Number), 1);
  const room = (height - TOP - 8) / y.length;
  const left = 110;
  return y.flatMap((name, at) => {
    const top = height - 8 - (at + 1) * room;
    return [
      s("rect", { x: left, y: top + room * 0.15, width: (width - left - RIGHT) * (Number(x[at]) / most), height: room * 0.7, fill: marker.color }),
      text(left - 8, top + room / 2 + 4, plainText(name), { "text-anchor": "end" }),
    ];
  });
};
/** Unescape a name, which is escaped for plotly.js. */
const plainText = (name) => String(name).replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

const standing = (data, layout, width, height, colours, text) => {
  const names = [...new Set(data.flatMap((trace) => trace.x))];
  const isDate = layout.xaxis?.type === "date";
  const at = new Map(names.map((name, place) => [name, isDate ? moment(name) : place]));
  const places = [...at.values()].sort((a, b) => a - b);
  const step = data[0]?.width > 1 ? data[0].width / 0.8 : Math.min(...places.slice(1).map((each, number) => each - places[number]), ...(isDate && places.length < 2 ? [86400e3] : places.length < 2 ? [1] : []));
  const range = layout.xaxis?.range?.map(moment) ?? [places[0] - step / 2, places.at(-1) + step / 2];
  const span = width - LEFT - RIGHT;
  const shift = data[0]?.offset ?? -step * 0.4;
  const bar = Math.max(1, (span * step * 0.8) / (range[1] - range[0] || 1));
  const isGrouped = layout.barmode === "group";
  const heap = new Map();
  const marks = data.flatMap((trace, number) => trace.x.map((name, place) => {
    const value = Number(trace.y[place]) || 0;
    const base = isGrouped ? 0 : heap.get(name) ?? 0;
    heap.set(name, Math.max(heap.get(name) ?? 0, base + value));
    return { name, value, base, number, color: trace.marker?.color ?? trace.line?.color };
  }));
  const most = layout.yaxis?.range?.[1] ?? rounded(Math.max(...heap.values(), 1));
  const up = (value) => (height - TOP - BOTTOM) * Math.min(1, value / most);
  const thin = isGrouped ? bar / data.length : bar;
  const grid = [0, 0.5, 1].flatMap((part) => {
    const y = height - BOTTOM - up(most * part);
    return [s("line", { x1: LEFT, x2: width - RIGHT, y1: y, y2: y, stroke: colours.line }), text(LEFT - 6, y + 4, compact.format(most * part), { "text-anchor": "end" })];
  });
  const bars = marks.map(({ name, value, base, number, color }) => s("rect", {
    x: LEFT + span * share(at.get(name) + shift, range) + (isGrouped ? number * thin : 0), width: thin,
    y: height - BOTTOM - up(base + value), height: up(base + value) - up(base), fill: color,
  }));
  const said = (value) => (isDate ? day(value) : String(names[value] ?? ""));
  const ends = places.length < 2
    ? [text(LEFT + span / 2, height - 12, said(places[0]), { "text-anchor": "middle" })]
    : [text(LEFT, height - 12, said(places[0])), text(width - RIGHT, height - 12, said(places.at(-1)), { "text-anchor": "end" })];
  return [...grid, ...bars, ...ends];
};
