// The tab Orders: search an order, and see its versions on a timeline with each field before and after.
import { h, fill, badge, exact, moment, plural, table, KINDS } from "./dom.js";
import { Place } from "./answers.js";
import { article, counted, entity, label, summary } from "./entity.js";

const form = document.getElementById("order-search");
const found = new Place(document.getElementById("orders-found"), renderFound, { lines: 6 });
const shown = new Place(document.getElementById("order-shown"), renderOrder, { lines: 6 });
const recent = new Place(document.getElementById("orders-found"), renderRecent, { every: 10, lines: 6 });
const address = (asked, id) => `#orders/${[asked, id].map((part) => encodeURIComponent(part ?? "")).join("/")}`;
let chosen = { asked: "", id: "" };

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const asked = form.elements.q.value.trim();
  if (asked) location.hash = address(asked, "");
});

export const startOrders = (rest) => {
  const [asked = "", id = ""] = rest.split("/").map(decodeSafely);
  chosen = { asked, id };
  form.elements.q.value = asked;
  if (asked) {
    recent.stop();
    recent.path = null;
    found.show(`api/orders?q=${encodeURIComponent(asked)}`);
  } else {
    found.stop();
    found.path = null;
    recent.show("api/live");
  }
  if (id) shown.show(`api/order?id=${encodeURIComponent(id)}`);
  else {
    shown.stop();
    shown.path = null;
    fill(document.getElementById("order-shown"), hint());
  }
  return () => { found.stop(); shown.stop(); recent.stop(); };
};

const decodeSafely = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const hint = () => h("div", { class: "card empty" }, h("h3", null, `Choose ${article} ${entity.one}`),
  h("p", { class: "muted" }, "Its versions appear here, from its first insert to its last change, with each field before and after."));

const entry = (order, at) => h("li", null,
  h("a", { href: address(chosen.asked, order.orderid), "aria-current": order.orderid === chosen.id ? "true" : null },
    h("span", { class: "id" }, label(order.orderid)),
    h("span", { class: "what" }, summary(order.values)),
    badge(order.event_type), at));

function renderFound(view) {
  if (!view.orders.length) {
    return h("div", { class: "card empty" }, h("h3", null, `No ${entity.one} found`),
      h("p", { class: "muted" }, entity.is_orders ? `No order's id begins with “${view.asked}”, and no order has had a product of that name.` : `None is known by “${view.asked}”.`));
  }
  if (view.orders.length === 1 && !chosen.id) location.replace(address(view.asked, view.orders[0].orderid));
  const many = view.orders.length === 50;
  return h("div", { class: "card" },
    h("h3", null, many ? `The 50 ${entity.many} that changed last` : counted(view.orders.length)),
    h("ul", { class: "list" }, view.orders.map((order) => entry(order, moment(order.creation_time)))),
    h("p", { class: "foot" }, `From ${view.table}.`));
}

function renderRecent(view) {
  const seen = new Map();
  for (const event of view.events) if (!seen.has(event.orderid)) seen.set(event.orderid, event);
  if (!seen.size) {
    return h("div", { class: "card empty" }, h("h3", null, `No ${entity.one} yet`),
      h("p", { class: "muted" }, entity.is_orders ? "Trigger the DAG sales_cdc_generate: it inserts, updates and deletes orders." : "Nothing was written to the table, or nothing has arrived."));
  }
  return h("div", { class: "card" }, h("h3", null, "Changed last"),
    h("ul", { class: "list" }, [...seen.values()].slice(0, 12).map((order) => entry(order, moment(order.at)))),
    h("p", { class: "foot" }, "From the newest objects of the raw zone."));
}

function renderOrder(view) {
  if (!view.versions.length) {
    return h("div", { class: "card empty" }, h("h3", null, `This ${entity.one} is not known yet`),
      h("p", { class: "muted" }, `${view.table} holds no change of ${label(view.orderid)}. A change that just arrived shows after the next batch.`));
  }
  const last = view.versions.at(-1);
  return h("div", { class: "card" },
    h("h3", { class: "id" }, label(view.orderid)),
    h("p", { class: "muted" }, `${plural(view.versions.length, "change")}; ${last.event_type === "REMOVE" ? "deleted" : "current"} now. Newest first, in UTC, from ${view.table}.`),
    h("ol", { class: "timeline" }, [...view.versions].reverse().map(version)));
}

const version = (each) => {
  const changed = each.event_type === "MODIFY" ? each.fields.filter((field) => field.changed) : each.fields;
  const same = each.fields.length - changed.length;
  return h("li", { class: each.event_type.toLowerCase() },
    h("p", { class: "line" }, badge(each.event_type), moment(each.at),
      each.actor === "ttl" && h("span", { class: "muted" }, "by expiry")),
    changed.length ? difference(each.event_type, changed) : h("p", { class: "muted" }, each.event_type === "REMOVE" ? "It had no values before." : "No field changed."),
    same > 0 && h("p", { class: "muted small" }, `${plural(same, "field")} unchanged`));
};

const difference = (type, fields) => {
  const columns = ["Field", type !== "INSERT" && "Before", type !== "REMOVE" && "After"].filter(Boolean);
  const rows = fields.map((field) => [
    field.name.replaceAll("_", " "),
    type !== "INSERT" && h("span", { class: field.changed ? "old" : null }, value(field.before)),
    type !== "REMOVE" && h("span", { class: field.changed ? "new" : null }, value(field.after)),
  ].filter((cell) => cell !== false));
  return table(columns, rows, { caption: `${KINDS[type]}: fields before and after`, fixed: true });
};

const value = (text) => (text === null ? "–" : /^-?\d{1,18}(\.\d+)?$/.test(text) ? exact(text) : text);
