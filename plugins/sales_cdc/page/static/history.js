// Throughput and lag over time, below the picture of the pipeline.
import { h, duration, number, plural, rate, time } from "./dom.js";
import { Place } from "./answers.js";
import { kinds, palette, plot } from "./charts.js";
import { saveButton } from "./lists.js";
import { rangeOf, showRanges } from "./ranges.js";

let range;
const throughput = new Place(document.getElementById("throughput"), renderThroughput, { every: 30, lines: 6 });
const lag = new Place(document.getElementById("lag"), renderLag, { every: 60, lines: 6 });

export const startHistory = (values) => {
  range = rangeOf(values);
  showRanges(document.getElementById("flow-ranges"), "flow", values);
  throughput.show(`api/metrics/${range.name}${range.query}`);
  lag.show(`api/lags/${range.name}${range.query}`);
};
export const stopHistory = () => { throughput.stop(); lag.stop(); };

const utc = (at) => new Date(at).toISOString();
const axisOf = (view) => ({ type: "date", range: [utc(view.from), utc(view.until)], nticks: 6, hoverformat: "%Y-%m-%d %H:%M" });
/** Leave a gap where periods have no point: nothing was measured there. */
const withGaps = (points, seconds) => points.flatMap(([at, value], place) => {
  const before = place && new Date(points[place - 1][0]).getTime();
  const gap = place && new Date(at).getTime() - before > seconds * 1500;
  return gap ? [[new Date(before + seconds * 1000).toISOString(), null], [at, value]] : [[at, value]];
});
const line = (name, color, points, format, dash) => ({
  type: "scatter", mode: points.length > 1 ? "lines" : "markers", name, line: { color, width: 2, dash }, marker: { color, size: 7 },
  x: points.map(([at]) => at), y: points.map(([, value]) => value), hovertemplate: format,
});

function renderThroughput(view) {
  const [piped, delivered] = [view.rates.piped, view.rates.delivered].map((points) => points.map(([at, value]) => [utc(at), value]));
  const every = duration(view.period_seconds);
  if (!piped.length && !delivered.length) return h("p", { class: "muted" }, `CloudWatch has no point in ${range.said}.`);
  const known = new Map(delivered);
  const rows = [...new Set([...piped, ...delivered].map(([at]) => at))].sort().map((at) => [at, new Map(piped).get(at) ?? null, known.get(at) ?? null]);
  return [
    plot(`Changes a minute, captured and delivered, ${range.said}`, () => ({
      data: [line("Captured", palette()[0], withGaps(piped, view.period_seconds), "%{y:,.1f} / min"), line("Delivered to S3", kinds().inserts, withGaps(delivered, view.period_seconds), "%{y:,.1f} / min", "dot")],
      layout: { hovermode: "x unified", xaxis: axisOf(view), yaxis: { title: { text: "Changes a minute", font: { size: 12 } }, tickformat: ",~r" } },
    }), { height: 260, numbers: { title: plural(rows.length, "point"), columns: ["From (UTC)", "Captured / min", "Delivered / min"], numeric: [1, 2], rows: rows.map(([at, one, other]) => [time(at), one === null ? "–" : rate(one), other === null ? "–" : rate(other)]) } }),
    h("p", { class: "foot" }, `From CloudWatch, a point each ${every}, the last one not over yet; where it has none, nothing was measured. `, saveButton(`throughput ${range.name}`, ["at", "captured_per_minute", "delivered_per_minute"], rows)),
  ];
}

function renderLag(view) {
  if (!view.has_ledger) return h("p", { class: "muted" }, "The batches keep their lags in a ledger. It is made by the first: trigger sales_cdc_batch.");
  if (!view.points.length) return h("p", { class: "muted" }, `No batch found the lag of a change in ${range.said}.`);
  const of = (name) => view.points.map((point) => [point.at, point[name]]);
  const seconds = (value) => (value === null ? "–" : duration(value));
  return [
    plot(`Seconds from commit to S3, ${range.said}`, () => ({
      data: [line("Half within (p50)", palette()[0], of("p50"), "%{y:,.1f} s"), line("99 of 100 within (p99)", palette()[2], of("p99"), "%{y:,.1f} s", "dash")],
      layout: { hovermode: "x unified", xaxis: axisOf(view), yaxis: { title: { text: "Seconds", font: { size: 12 } }, tickformat: ",~r" } },
    }), { height: 260, numbers: { title: plural(view.points.length, "point"), columns: ["From (UTC)", "Batches", "p50", "p99", "At most"], numeric: [1, 2, 3, 4], rows: view.points.map((point) => [time(point.at), number(point.runs), seconds(point.p50), seconds(point.p99), seconds(point.max)]) } }),
    h("p", { class: "foot" }, `From commit to S3, as the batches found it: the slowest batch of each ${view.unit}. `, saveButton(`lag ${range.name}`, ["at", "batches", "p50_seconds", "p99_seconds", "max_seconds"], view.points.map((point) => [point.at, point.runs, point.p50, point.p99, point.max]))),
  ];
}
