// The tab Orders: orders by filters, records that became no row, and the order that the address names.
import { h, badge, moment, number, table } from "./dom.js";
import { Place } from "./answers.js";
import { article, counted, entity, label, summary } from "./entity.js";
import { pager, saveButton } from "./lists.js";
import { ALL, day, everything, older } from "./older.js";
import { showOrder, stopOrder } from "./order.js";
import { address, route } from "./route.js";

const RECORDS = { failed: "Records that failed", quarantined: "Lines in quarantine" };
const form = document.getElementById("order-search");
const where = document.getElementById("orders-found");
const found = new Place(where, renderFound, { lines: 6, troubled: withoutTables });
const records = new Place(where, renderRecords, { lines: 6 });
const FILTERS = ["q", "product", "type", "state", "from", "until"];
let chosen = new URLSearchParams();

/** The address with some values of the present one changed. */
const changed = (values) => address("orders", { ...Object.fromEntries(chosen), ...values });
const filtersOf = (values) => Object.fromEntries(FILTERS.map((name) => [name, values.get(name)]).filter(([, value]) => value));
const ofOrder = (id) => changed({ id, upto: "", since: "", before: "", versions: "" });
const inRange = () => (["month", ALL].includes(chosen.get("range")) ? { range: chosen.get("range") } : {});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  location.hash = address("orders", Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== "")));
});

export const startOrders = (values) => {
  chosen = values;
  for (const name of FILTERS) if (form.elements[name]) form.elements[name].value = values.get(name) ?? "";
  form.querySelector("details").open ||= FILTERS.slice(1).some((name) => values.has(name));
  const kind = RECORDS[values.get("state")] ? values.get("state") : "";
  const shown = kind ? records : found;
  const other = kind ? found : records;
  other.stop();
  other.path = null;
  const query = new URLSearchParams({ ...(kind ? {} : filtersOf(values)), ...(!kind || chosen.get("range") === ALL ? inRange() : {}) });
  if (values.get("page")) query.set("page", values.get("page"));
  shown.show(`api/${kind ? `records/${kind}` : "orders"}${query.size ? `?${query}` : ""}`);
  for (const each of where.querySelectorAll(".list a")) mark(each, each.dataset.id === values.get("id"));
  showOrder(values.get("id") ?? "", values, changed);
  return () => { found.stop(); records.stop(); stopOrder(); };
};

const mark = (link, isChosen) => (isChosen ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current"));

const entry = (order, at) => h("li", null,
  h("a", { "data-id": order.orderid, href: ofOrder(order.orderid), "aria-current": order.orderid === chosen.get("id") ? "true" : null },
    h("span", { class: "id" }, label(order.orderid)),
    h("span", { class: "what" }, summary(order.values)),
    h("span", { class: "marks" }, order.rescued && h("span", { class: "pill warn" }, "Rescued"), badge(order.event_type)), at));

function renderFound(view) {
  const filters = filtersOf(chosen);
  if (!view.orders.length) return nothing(view, filters);
  if (view.total === 1 && filters.q && !chosen.get("id")) location.replace(ofOrder(view.orders[0].orderid));
  const columns = ["id", ...entity.fields.map((field) => field.name), "last_event_type", "last_change", "rescued_data"];
  const rows = view.orders.map((order) => [order.orderid, ...entity.fields.map((field) => order.values[field.name]), order.event_type, order.creation_time, order.rescued]);
  return h("div", { class: "card" },
    h("h3", null, `${counted(view.total)}${Object.keys(filters).length ? " found" : view.since ? " changed" : ""}${view.since ? ` since ${day(view.since)}` : ""}`),
    h("ul", { class: "list" }, view.orders.map((order) => entry(order, moment(order.creation_time)))),
    pager(view, [entity.one, entity.many], (page) => changed({ page })),
    looked(view),
    h("p", { class: "foot" }, `From ${view.table}, those that changed last first; times are UTC. `, saveButton(`${entity.many} page ${view.page}`, columns, rows)));
}

/** What was not looked at: orders that did not change since, and with a text also what they had before. */
function looked(view) {
  if (!view.since) return everything(changed({ range: "", page: "" }), "7");
  const since = day(view.since);
  const isOwn = chosen.get("from");
  const named = chosen.get("q") || chosen.get("product");
  if (isOwn && !named) return null;
  const said = isOwn ? `What ${article} ${entity.one} had only before ${since} was not looked for.` : `Those that changed only before ${since} were not looked for.`;
  const isMonth = chosen.get("range") === "month";
  const further = isOwn || isMonth ? null : h("a", { href: changed({ range: "month", page: "" }) }, "Look in the last 30 days");
  return older(isMonth ? "month" : "week", view.since, said, changed({ range: ALL, page: "" }), further);
}

/** A text may be the id of one that changed long ago: its own address finds it. */
const byId = (filters) => (filters.q ? h("p", null, h("a", { href: ofOrder(filters.q) }, `Look up the ${entity.one} with exactly this id`)) : null);

const nothing = (view, filters) => {
  if (view.page > 1) return card("No more", `This list has no page ${number(view.page)}.`, h("a", { href: changed({ page: "" }) }, "To its first page"));
  if (Object.keys(filters).length) {
    const said = view.since ? `No ${entity.one} that changed since ${day(view.since)} is let through by all filters.` : `${view.table} has no ${entity.one} that all filters let through.`;
    return card(`No ${entity.one} found`, said, looked(view), byId(filters), h("a", { href: address("orders", inRange()) }, "Without filters"));
  }
  if (view.since) {
    const waits = view.items ? `DynamoDB counted ${counted(view.items)} in its table. What changed last shows after the next batch: trigger sales_cdc_batch.` : writes();
    return card(`${view.table} has no ${entity.one} that changed since ${day(view.since)}`, waits, looked(view));
  }
  return card(`${view.table} has no ${entity.one}`, view.items ? `DynamoDB counted ${counted(view.items)} in its table. They show after the next batch: trigger sales_cdc_batch.` : writes());
};
const writes = () => (entity.is_orders ? "Trigger the DAG sales_cdc_generate, then sales_cdc_batch." : "Put an item into the table, then trigger sales_cdc_batch.");
const card = (title, text, ...more) => h("div", { class: "card empty" }, h("h3", null, title), h("p", { class: "muted" }, text), more);

/** Before the first batch there is no table to ask: show what has arrived, and say what it is. */
function withoutTables(trouble, boxed) {
  if (trouble.kind !== "empty") return null;
  const body = h("div", { class: "stack" });
  const recent = new Place(body, renderRecent, { lines: 4 });
  recent.show("api/live");
  return [boxed, body];
}

function renderRecent(view) {
  const seen = new Map();
  for (const event of view.events) if (!seen.has(event.orderid)) seen.set(event.orderid, event);
  if (!seen.size) return card("Nothing has arrived in the raw zone", entity.is_orders ? "Trigger the DAG sales_cdc_generate: it inserts, updates and deletes orders." : "Nothing was written to the table, or nothing has arrived.");
  return h("div", { class: "card" }, h("h3", null, "Arrived last, not in a table"),
    h("ul", { class: "list" }, [...seen.values()].slice(0, 12).map((order) => entry({ ...order, rescued: null }, moment(order.at)))),
    h("p", { class: "foot" }, "From the newest objects of the raw zone."));
}

function renderRecords(view) {
  const kind = chosen.get("state");
  const more = kind !== "quarantined" ? null : view.since
    ? older("quarantined", view.since, `Lines of objects that came before ${day(view.since)} were not looked for.`, changed({ range: ALL, page: "" }))
    : everything(changed({ range: "", page: "" }));
  if (!view.records.length) return card(`${RECORDS[kind]}: none${view.since && kind !== "failed" ? ` since ${day(view.since)}` : ""}`, kind === "failed" ? "No record is under errors/." : view.since ? "Every line since then that a batch has taken was a change event." : "Every line that a batch has taken was a change event.", more);
  const columns = ["id", "event_type", "reason", "where", "stored_at", "raw"];
  const rows = view.records.map((each) => [each.orderid, each.event_type, each.reason, each.object, each.at, each.raw]);
  const link = (each) => (each.orderid ? h("a", { class: "id", href: ofOrder(each.orderid) }, label(each.orderid)) : "–");
  return h("div", { class: "card" },
    h("h3", null, RECORDS[kind]),
    table([`${entity.one[0].toUpperCase()}${entity.one.slice(1)}`, "Change", "Reason"], view.records.map((each) => [link(each), each.event_type ? badge(each.event_type) : "–", reason(each)]), { caption: RECORDS[kind], fixed: true }),
    pager(view, view.of === "objects" ? ["object of errors/", "objects of errors/"] : ["line", "lines"], (page) => changed({ page })),
    more,
    h("p", { class: "foot" }, kind === "failed" ? "The DAG sales_cdc_redrive delivers them again, when what the reasons name is mended. " : "Their objects are in the raw zone. A later batch takes a line out of quarantine that has become a change event. ", saveButton(RECORDS[kind], columns, rows)));
}

const reason = (each) => [
  h("p", null, each.reason),
  h("details", null, h("summary", null, "The record"),
    h("p", { class: "small" }, each.object, each.at && [", ", moment(each.at), " UTC"]),
    h("pre", { tabindex: "0" }, each.raw || "It holds no data."), each.is_cut && h("p", { class: "small" }, "Its beginning.")),
];
