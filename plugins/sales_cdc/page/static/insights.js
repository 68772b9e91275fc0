// The tab Insights: each insight query as a plot, with its numbers and its statement below.
import { h, exact, number, plural, table } from "./dom.js";
import { Place, asked } from "./answers.js";
import { kinds, palette, plain, plot } from "./charts.js";

const places = [...document.querySelectorAll("[data-insight]")].map((card) => ({
  name: card.dataset.insight,
  place: new Place(card.querySelector(".body"), (view) => renderInsight(view, card.querySelector("h3").textContent), { every: 60, lines: 6 }),
}));
const askAgain = (name) => places.find((each) => each.name === name).place.show(`api/insights/${name}?refresh=true`);

export const startInsights = () => {
  for (const { name, place } of places) place.show(`api/insights/${name}`);
  return () => { for (const { place } of places) place.stop(); };
};

const renderInsight = (view, question) => {
  const origin = asked(view, () => askAgain(view.name));
  if (!view.rows.length) return [h("p", { class: "muted" }, "No change in these days."), h("p", { class: "foot" }, origin)];
  const rows = view.rows.map((row) => Object.fromEntries(view.columns.map((name, at) => [name, row[at]])));
  const shape = SHAPES[view.name];
  const numbers = { title: plural(rows.length, "row"), columns: view.columns.map((name) => name.replaceAll("_", " ")), numeric: view.types.flatMap((type, at) => (/int|decimal|double|real/.test(type) ? [at] : [])), rows: view.rows.map((row) => row.map((value, at) => shown(value, view.types[at]))) };
  const drawn = shape ? plot(question, () => shape(rows), { height: 320, numbers }) : table(numbers.columns, numbers.rows, { caption: question, numeric: numbers.numeric });
  return [drawn, h("details", null, h("summary", null, "The statement"), h("pre", { tabindex: "0" }, view.sql.trim())),
    h("p", { class: "foot" }, `${plural(rows.length, "row")}${view.is_cut ? ", the first of more" : ""}, ${bytes(view.scanned_bytes)} scanned. `, origin)];
};

const shown = (value, type) => (value === null ? "–" : /int|decimal/.test(type) ? exact(value) : type.startsWith("timestamp") ? value.slice(0, 19) : value);
const bytes = (count) => (count < 1e6 ? `${number(count / 1e3)} kB` : `${number(count / 1e6)} MB`);
/** Make an axis of days: up to seven days have a tick each, and no day has two. */
const dayAxis = (days) => ({ type: "date", tickformat: "%-d %b", hoverformat: "%Y-%m-%d", ...(days.length <= 7 ? { tickvals: days } : { nticks: 8 }) });
const HOURS = { type: "date", tickformat: "%H:%M\n%-d %b", hoverformat: "%Y-%m-%d %H:%M", nticks: 8 };
const distinct = (rows, name) => [...new Set(rows.map((row) => row[name] ?? "–"))];

/** Plot amounts by day and product: bars stacked by day, or for a single day one bar a product, the largest first. */
const byDayAndProduct = (rows, day, amount, format) => {
  const days = distinct(rows, day);
  const colours = palette();
  if (days.length === 1) {
    const sorted = [...rows].sort((a, b) => Number(a[amount]) - Number(b[amount]));
    return {
      data: [{ type: "bar", orientation: "h", marker: { color: colours[0] }, y: sorted.map((row) => plain(row.product_name)), x: sorted.map((row) => row[amount]), hovertemplate: `%{y}: %{x:${format}}<extra></extra>` }],
      layout: { xaxis: { tickformat: ",d", title: { text: days[0], standoff: 8 } }, yaxis: { type: "category", dtick: 1 } },
    };
  }
  const products = distinct(rows, "product_name");
  const marker = (at) => ({ color: colours[at % colours.length], ...(at < colours.length ? {} : { pattern: { shape: "/" } }) });
  return {
    data: products.map((product, at) => {
      const own = rows.filter((row) => (row.product_name ?? "–") === product);
      return { type: "bar", name: plain(product), marker: marker(at), x: own.map((row) => row[day]), y: own.map((row) => row[amount]), hovertemplate: `%{y:${format}}` };
    }),
    layout: { barmode: "stack", hovermode: "x unified", xaxis: dayAxis(days), yaxis: { tickformat: ",d" } },
  };
};

const SHAPES = {
  revenue_by_product_and_day: (rows) => byDayAndProduct(rows, "order_day", "revenue", ",.2f"),
  demand_and_prices_by_day: (rows) => byDayAndProduct(rows, "change_day", "units_placed", ",d"),
  cancellation_rate: (rows) => ({
    data: [{ type: "bar", marker: { color: kinds().deletes }, x: rows.map((row) => row.order_day), y: rows.map((row) => row.cancelled_percent), customdata: rows.map((row) => [row.orders_cancelled, row.orders_placed]), hovertemplate: "%{y} %: %{customdata[0]:,} of %{customdata[1]:,} orders<extra></extra>", ...(rows.length === 1 ? { width: 0.3 } : {}) }],
    layout: { xaxis: rows.length === 1 ? { type: "category" } : dayAxis(distinct(rows, "order_day")), yaxis: { ticksuffix: " %" } },
  }),
  change_mix_by_hour: (rows) => ({
    data: [["inserts", "Inserted", kinds().inserts], ["modifies", "Updated", kinds().updates], ["removes_by_users", "Deleted", kinds().deletes], ["removes_by_expiry", "Expired", palette()[7]]]
      .filter(([name]) => rows.some((row) => Number(row[name])))
      .map(([name, title, color]) => ({ type: "bar", name: title, marker: { color }, x: rows.map((row) => row.change_hour.slice(0, 16)), y: rows.map((row) => row[name]), hovertemplate: "%{y:,}", ...(rows.length === 1 ? { width: 0.3 } : {}) })),
    layout: { barmode: "stack", hovermode: "x unified", xaxis: rows.length === 1 ? { type: "category" } : HOURS, yaxis: { tickformat: ",d" } },
  }),
  most_changed_orders: (rows) => {
    const few = rows.slice(0, 12).reverse();
    return {
      data: [{ type: "bar", orientation: "h", marker: { color: palette()[1] }, y: few.map((row) => plain(row.orderid.slice(0, 12))), x: few.map((row) => row.changes), customdata: few.map((row) => plain(row.last_product_name)), hovertemplate: "%{x:,} changes, last: %{customdata}<extra></extra>" }],
      layout: { xaxis: { tickformat: ",d", dtick: few.every((row) => row.changes < 12) ? 1 : null }, yaxis: { type: "category", dtick: 1 } },
    };
  },
};
