// The tab Insights: each insight query as a plot, with its numbers and its statement below.
import { h, bytes, exact, fill, number, plural, table, time } from "./dom.js";
import { Place, asked } from "./answers.js";
import { kinds, palette, plain, plot } from "./charts.js";
import { heading, unit } from "./entity.js";
import { saveButton } from "./lists.js";
import { orderAddress } from "./route.js";
import { fitted } from "./scale.js";

const places = [...document.querySelectorAll("[data-insight]")].map((card) => ({
  name: card.dataset.insight,
  place: new Place(card.querySelector(".body"), (view) => renderInsight(view, card.querySelector(".question").textContent), { every: 60, lines: 6 }),
}));
const askAgain = (name) => places.find((each) => each.name === name).place.show(`api/insights/${name}?refresh=true`);

export const startInsights = () => {
  for (const { name, place } of places) place.show(`api/insights/${name}`);
  return () => { for (const { place } of places) place.stop(); };
};

/** Say once as of when the figures are, if they are all of one batch; else each card says its own. */
const origins = new Map();
const asOf = (view) => {
  origins.set(view.name, view);
  const all = [...origins.values()];
  const one = all.every((each) => each.run_id && each.run_id === all[0].run_id);
  const latest = all.map((each) => each.asked_at ?? "").sort().at(-1);
  fill(document.getElementById("insights-asof"), one && [`As of ${time(latest)} UTC, asked by the batch ${all[0].run_id}. `,
    h("button", { type: "button", class: "quiet small", onclick: () => { for (const each of places) askAgain(each.name); } }, "Ask all again now")]);
  for (const { place } of places) for (const own of place.element.querySelectorAll(".own-origin")) own.hidden = one;
  return one;
};

const renderInsight = (view, question) => {
  const one = asOf(view);
  const origin = h("span", { class: "own-origin", hidden: one }, asked(view, () => askAgain(view.name)));
  if (!view.rows.length) return [h("p", { class: "muted" }, "No change in these days."), h("p", { class: "foot" }, origin)];
  const rows = view.rows.map((row) => Object.fromEntries(view.columns.map((name, at) => [name, row[at]])));
  const numbers = { title: plural(rows.length, "row"), columns: view.columns.map((name) => heading(name)), numeric: view.types.flatMap((type, at) => (/int|decimal|double|real/.test(type) ? [at] : [])), rows: view.rows.map((row) => row.map((value, at) => shown(value, view.types[at]))) };
  const figures = FIGURES[view.name]?.(rows);
  const shape = SHAPES[view.name];
  const note = figures || !shape ? "" : shape(rows).note;
  const drawn = figures
    ? [figures, h("details", null, h("summary", null, `The numbers: ${numbers.title}`), table(numbers.columns, numbers.rows, { caption: question, numeric: numbers.numeric }))]
    : shape ? plot(question, () => shape(rows), { height: 320, numbers }) : table(numbers.columns, numbers.rows, { caption: question, numeric: numbers.numeric });
  return [drawn, note && h("p", { class: "small" }, note), h("details", null, h("summary", null, "The statement"), h("pre", { tabindex: "0" }, view.sql.trim())),
    h("p", { class: "foot" }, `${plural(rows.length, "row")}${view.is_cut ? ", the first of more" : ""}, ${bytes(view.scanned_bytes)} scanned. `, origin, " ", saveButton(view.name, view.columns, view.rows))];
};

const figure = (value, ...text) => h("p", { class: "figure" }, h("strong", null, value), " ", text);
/** One figure is a number; a chart with a single bar says nothing more. */
const FIGURES = {
  revenue_by_product_and_day: (rows) => rows.length === 1 && figure(`${exact(rows[0].revenue)}${unit}`, `${rows[0].product_name ?? "–"}, ${plural(Number(rows[0].orders), "order")} placed on ${rows[0].order_day}`),
  demand_and_prices_by_day: (rows) => rows.length === 1 && figure(exact(rows[0].units_placed), `units of ${rows[0].product_name ?? "–"} on ${rows[0].change_day}`),
  cancellation_rate: (rows) => rows.length === 1 && figure(rows[0].cancelled_percent === null ? "–" : `${rows[0].cancelled_percent} %`, `${number(rows[0].orders_cancelled)} of ${plural(Number(rows[0].orders_placed), "order")} placed on ${rows[0].order_day}`),
  change_mix_by_hour: (rows) => rows.length === 1 && [
    h("p", { class: "muted small" }, `In the hour from ${rows[0].change_hour.slice(0, 16)} UTC:`),
    h("dl", { class: "tiles" }, [["inserts", "Inserted", "inserts"], ["modifies", "Updated", "updates"], ["removes_by_users", "Deleted", "deletes"]].map(([name, title, kind]) => h("div", { class: `tile ${kind}` }, h("dt", null, title), h("dd", null, number(rows[0][name]))))),
  ],
  most_changed_orders: (rows) => rows.length === 1 && figure(number(rows[0].changes), h("span", null, "changes of ", h("a", { class: "id", href: orderAddress(rows[0].orderid) }, rows[0].orderid))),
};

const shown = (value, type) => (value === null ? "–" : /int|decimal/.test(type) ? exact(value) : type.startsWith("timestamp") ? value.slice(0, 19) : value);
/** Make an axis of days: up to seven days have a tick each, and no day has two. */
const dayAxis = (days) => ({ type: "date", tickformat: "%-d %b", hoverformat: "%Y-%m-%d", ...(days.length <= 7 ? { tickvals: days } : { nticks: 8 }) });
const HOURS = { type: "date", tickformat: "%H:%M\n%-d %b", hoverformat: "%Y-%m-%d %H:%M", nticks: 8 };
const distinct = (rows, name) => [...new Set(rows.map((row) => row[name] ?? "–"))];

/** Plot amounts by day and product: bars stacked by day, or for a single day one bar a product, the largest first. */
const byDayAndProduct = (rows, day, amount, format, of = "") => {
  const days = distinct(rows, day);
  const colours = palette();
  if (days.length === 1) {
    const sorted = [...rows].sort((a, b) => Number(a[amount]) - Number(b[amount]));
    return {
      data: [{ type: "bar", orientation: "h", marker: { color: colours[0] }, y: sorted.map((row) => plain(row.product_name)), x: sorted.map((row) => row[amount]), hovertemplate: `%{y}: %{x:${format}}${of}<extra></extra>` }],
      layout: { xaxis: { tickformat: ",d", ticksuffix: of, title: { text: days[0], standoff: 8, font: { size: 12 } } }, yaxis: { type: "category", dtick: 1 } },
    };
  }
  const products = distinct(rows, "product_name");
  const marker = (at) => ({ color: colours[at % colours.length], ...(at < colours.length ? {} : { pattern: { shape: "/" } }) });
  return {
    data: products.map((product, at) => {
      const own = rows.filter((row) => (row.product_name ?? "–") === product);
      return { type: "bar", name: plain(product), marker: marker(at), x: own.map((row) => row[day]), y: own.map((row) => row[amount]), hovertemplate: `%{y:${format}}${of}` };
    }),
    ...fitted(rows, day, [amount], { barmode: "stack", hovermode: "x unified", xaxis: dayAxis(days), yaxis: { tickformat: ",d", ticksuffix: of } }),
  };
};

const SHAPES = {
  revenue_by_product_and_day: (rows) => byDayAndProduct(rows, "order_day", "revenue", ",.2f", unit),
  demand_and_prices_by_day: (rows) => byDayAndProduct(rows, "change_day", "units_placed", ",d"),
  cancellation_rate: (rows) => ({
    data: [{ type: "bar", marker: { color: kinds().deletes }, x: rows.map((row) => row.order_day), y: rows.map((row) => row.cancelled_percent), customdata: rows.map((row) => [row.orders_cancelled, row.orders_placed]), hovertemplate: "%{y} %: %{customdata[0]:,} of %{customdata[1]:,} orders<extra></extra>" }],
    layout: { xaxis: dayAxis(distinct(rows, "order_day")), yaxis: { ticksuffix: " %" } },
  }),
  change_mix_by_hour: (rows) => ({
    data: [["inserts", "Inserted", kinds().inserts], ["modifies", "Updated", kinds().updates], ["removes_by_users", "Deleted", kinds().deletes], ["removes_by_expiry", "Expired", palette()[7]]]
      .filter(([name]) => rows.some((row) => Number(row[name])))
      .map(([name, title, color]) => ({ type: "bar", name: title, marker: { color }, x: rows.map((row) => row.change_hour.slice(0, 16)), y: rows.map((row) => row[name]), hovertemplate: "%{y:,}" })),
    ...fitted(rows, "change_hour", ["inserts", "modifies", "removes_by_users", "removes_by_expiry"], { barmode: "stack", hovermode: "x unified", xaxis: HOURS, yaxis: { tickformat: ",d" } }),
  }),
  most_changed_orders: (rows) => {
    const few = rows.slice(0, 12).reverse();
    return {
      data: [{ type: "bar", orientation: "h", marker: { color: palette()[1] }, y: few.map((row) => plain(row.orderid.slice(0, 12))), x: few.map((row) => row.changes), customdata: few.map((row) => plain(row.last_product_name)), hovertemplate: "%{x:,} changes, last: %{customdata}<extra></extra>" }],
      layout: { xaxis: { tickformat: ",d", dtick: few.every((row) => row.changes < 12) ? 1 : null }, yaxis: { type: "category", dtick: 1 } },
    };
  },
};
