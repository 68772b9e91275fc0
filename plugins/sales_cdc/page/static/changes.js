// The tab Changes: inserts, updates and deletes over time, and the newest events as they arrive.
import { h, number, plural, badge, moment, time, table } from "./dom.js";
import { Place, asked } from "./answers.js";
import { brief, entity, heading, value } from "./entity.js";
import { kinds, palette, plot } from "./charts.js";
import { saveButton } from "./lists.js";
import { rangeOf, showRanges } from "./ranges.js";
import { orderAddress } from "./route.js";

const SERIES = { inserts: "Inserted", updates: "Updated", deletes: "Deleted" };
const WIDTHS = { minute: 60e3, hour: 3600e3, day: 86400e3 };
const bars = new Place(document.getElementById("changes"), renderBars, { every: 60, lines: 8 });
const live = new Place(document.getElementById("live"), renderLive, { every: 5, lines: 6 });
const capital = (word) => `${word[0].toUpperCase()}${word.slice(1)}`;
let range;
const refreshed = () => `api/changes/${range.name}${range.query ? `${range.query}&` : "?"}refresh=true`;

export const startChanges = (values) => {
  range = rangeOf(values);
  showRanges(document.getElementById("changes-ranges"), "changes", values);
  bars.show(`api/changes/${range.name}${range.query}`);
  live.show("api/live");
  return () => { bars.stop(); live.stop(); };
};

function renderBars(view) {
  const name = range.said;
  const totals = Object.fromEntries(Object.keys(SERIES).map((kind) => [kind, view.bars.reduce((sum, bar) => sum + bar[kind], 0)]));
  const all = totals.inserts + totals.updates + totals.deletes;
  return [
    h("dl", { class: "tiles" }, Object.entries(SERIES).map(([kind, title]) => h("div", { class: `tile ${kind}` }, h("dt", null, title), h("dd", null, number(totals[kind]))))),
    h("div", { class: "card" },
      h("h3", null, `Changes by ${view.unit}, ${name}`),
      all ? stacked(view, name) : h("p", { class: "muted" }, `No change in ${name}. Choose a longer span, or trigger sales_cdc_generate.`),
      h("p", { class: "foot" }, `From ${view.table}; times are UTC. `, asked(view, () => bars.show(refreshed())), " ", saveButton(`changes ${range.name}`, ["at", ...Object.keys(SERIES)], view.bars.map((bar) => [bar.at, ...Object.keys(SERIES).map((kind) => bar[kind])])))),
  ];
}

const stacked = (view, name) => plot(`Inserted, updated and deleted ${entity.many} by ${view.unit}, ${name}`, () => ({
  data: Object.entries(SERIES).map(([kind, title]) => ({
    type: "bar", name: title, marker: { color: kinds()[kind] },
    x: view.bars.map((bar) => bar.at), y: view.bars.map((bar) => bar[kind]),
    width: WIDTHS[view.unit] * 0.8, offset: WIDTHS[view.unit] * 0.1, hovertemplate: "%{y:,}",
  })),
  layout: { barmode: "stack", hovermode: "x unified", xaxis: { type: "date", nticks: 8, range: [new Date(view.from), new Date(new Date(view.until).getTime() + WIDTHS[view.unit])].map((at) => at.toISOString()) }, yaxis: { tickformat: ",d" } },
}), {
  numbers: { title: `${plural(view.bars.length, view.unit)} with changes`, columns: [`From (UTC)`, ...Object.values(SERIES)], numeric: [1, 2, 3], rows: view.bars.map((bar) => [time(bar.at), ...Object.keys(SERIES).map((kind) => number(bar[kind]))]) },
});

function renderLive(view) {
  const until = new Date(view.until).getTime();
  const at = view.minutes.map((_, minute) => new Date(until - (view.minutes.length - 1 - minute) * 60e3).toISOString());
  return h("div", { class: "cards live" },
    h("article", { class: "card" }, h("h3", null, "Captured a minute, live"),
      view.minutes.some(Boolean)
        ? plot("Changes that the pipe captured, by minute, over the last hour", () => ({
          data: [{ type: "scatter", mode: "lines", fill: "tozeroy", line: { color: palette()[0], width: 2, shape: "hv" }, x: at, y: view.minutes, hovertemplate: "%{y:,} changes<extra></extra>" }],
          layout: { hovermode: "x", xaxis: { type: "date", nticks: 8 }, yaxis: { tickformat: ",d" } },
        }), { height: 330 })
        : h("p", { class: "muted" }, "The pipe captured nothing in the last hour."),
      h("p", { class: "foot" }, "From CloudWatch.")),
    h("article", { class: "card" }, h("h3", null, "Newest in the raw zone"),
      table(["At (UTC)", "Change", capital(entity.one), ...entity.fields.map((field) => heading(field.name, field.label))],
        view.events.slice(0, 9).map((event) => [moment(event.at, { withDate: false }), badge(event.event_type),
          h("a", { class: "id", href: orderAddress(event.orderid) }, brief(event.orderid)),
          ...entity.fields.map((field) => value(field, event.values))]),
        { caption: "The newest changes", numeric: entity.fields.flatMap((field, at) => (field.is_number ? [at + 3] : [])), empty: "No change has arrived yet." })));
}
