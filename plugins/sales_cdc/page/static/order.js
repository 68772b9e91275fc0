// One order: how it stands in DynamoDB and in the table, and its versions, a page at a time, each with its fields before and after.
import { h, fill, badge, exact, number, plural, table, time, KINDS } from "./dom.js";
import { Place } from "./answers.js";
import { article, entity, heading, label } from "./entity.js";
import { saveButton } from "./lists.js";
import { ALL, day, everything, older } from "./older.js";

const where = document.getElementById("order-shown");
const versionsBox = h("div", { class: "stack" });
const nowBox = h("div", { class: "stack" });
const versions = new Place(versionsBox, renderVersions, { lines: 6 });
const standing = new Place(nowBox, renderNow, { lines: 2 });
let linked = () => "";

export const showOrder = (id, values, changed) => {
  linked = changed;
  if (!id) {
    stopOrder();
    versions.path = standing.path = null;
    fill(where, h("div", { class: "card empty" }, h("h3", null, `Choose ${article} ${entity.one}`),
      h("p", { class: "muted" }, "Its versions appear here, from its last change back, with each field before and after, and how it stands now.")));
    return;
  }
  if (!versionsBox.isConnected) fill(where, nowBox, versionsBox);
  const query = new URLSearchParams({ id });
  standing.show(`api/order/now?${query}`);
  if (values.get("upto")) query.set("until", values.get("upto"));
  for (const name of ["since", "before", "versions"]) if (values.get(name)) query.set(name === "versions" ? "range" : name, values.get(name));
  versions.show(`api/order?${query}`);
};
export const stopOrder = () => { versions.stop(); standing.stop(); };

function renderNow(view) {
  const said = !view.has_view
    ? `The view ${view.view} is not there; a batch makes it.`
    : view.is_equal
      ? (view.item ? `The same in DynamoDB and in ${view.view}.` : `Neither in DynamoDB nor in ${view.view}: it was deleted, or never was.`)
      : `DynamoDB and ${view.view} differ. What changed since the last batch is on its way; if a batch does not mend it, trigger sales_cdc_repair.`;
  const fields = view.fields.map((field) => [heading(field.name), side(view.item, field.dynamodb, field.differs), side(view.row, field.table, field.differs)]);
  return h("div", { class: "card" },
    h("h3", { class: "id" }, label(view.orderid)),
    h("p", { class: view.is_equal && view.item ? "check good" : "muted" }, said),
    fields.length > 0 && table(["Field", "In DynamoDB now", `In ${view.view} now`], fields, { caption: "How it stands now", fixed: true }),
    view.item && raw("The item as DynamoDB has it", view.item),
    h("p", { class: "foot" }, `Read at ${time(view.at)} UTC.`));
}
const side = (exists, text, differs) => (exists ? h("span", { class: differs ? "new" : null }, shown(text ?? null)) : h("span", { class: "muted" }, "not there"));

function renderVersions(view) {
  if (!view.versions.length) {
    const none = view.since ? `No change of this ${entity.one} since ${day(view.since)}` : `${view.table} has no change of this ${entity.one}`;
    return h("div", { class: "card empty" }, h("h3", null, view.total ? "No such versions" : none),
      h("p", { class: "muted" }, "A change that just arrived shows after the next batch."), looked(view));
  }
  const first = view.versions.at(-1).number;
  const last = view.versions[0].number;
  const all = first === 1 && last === view.total;
  const span = { since: view.since ?? "", before: view.before ?? "", versions: view.since ? "" : ALL };
  const to = (upto) => linked({ ...span, upto });
  const columns = [...new Set(view.versions.flatMap((each) => Object.keys(each.row)))];
  return h("div", { class: "card" },
    h("h3", null, `${all ? plural(view.total, "change") : `Changes ${number(first)}–${number(last)} of ${number(view.total)}`}${view.since ? ` since ${day(view.since)}` : ""}`),
    h("p", { class: "muted" }, `Newest first, in UTC, from ${view.table}.`),
    h("ol", { class: "timeline" }, view.versions.map((each) => version(each, view.since))),
    !all && h("p", { class: "pager" },
      last < view.total && h("a", { href: to(last + view.size >= view.total ? "" : last + view.size) }, "Newer"),
      first > 1 && h("a", { href: to(first - 1) }, "Older"),
      first > 1 && h("a", { href: to(Math.min(view.size, view.total)) }, "First changes")),
    looked(view),
    h("p", { class: "foot" }, saveButton(`changes ${first} to ${last}`, columns, view.versions.map((each) => columns.map((name) => each.row[name])))));
}

/** In which time the changes were looked for, and the way to all of them. */
const looked = (view) => {
  const recent = { since: "", before: "", upto: "", versions: "" };
  if (!view.since) return everything(linked(recent));
  const said = view.before ? `Its changes from ${day(view.since)} on, thirty days before its last one, were looked for.` : `Its changes since ${day(view.since)} were looked for.`;
  const link = linked({ ...recent, versions: ALL });
  return older("month", view.since, said, link);
};

const version = (each, since) => {
  const changed = each.event_type === "MODIFY" && each.is_before_known ? each.fields.filter((field) => field.changed) : each.fields;
  const same = each.fields.length - changed.length;
  return h("li", { class: each.event_type.toLowerCase() }, h("details", null,
    h("summary", { class: "line" }, badge(each.event_type), !since && h("span", null, `#${number(each.number)}`),
      h("time", { datetime: each.at }, time(each.at, { withMilliseconds: true })),
      each.actor === "ttl" && h("span", { class: "muted" }, "by expiry"),
      h("span", { class: "muted names" }, each.event_type === "MODIFY" && each.is_before_known ? changed.map((field) => field.name.replaceAll("_", " ")).join(", ") : "")),
    changed.length ? difference(each, changed) : (each.is_before_known || each.event_type !== "REMOVE") && h("p", { class: "muted" }, each.event_type === "REMOVE" ? "It had no values before." : "No field changed."),
    !each.is_before_known && h("p", { class: "muted small" }, since ? `The first change since ${day(since)}: what was before it was not looked for.` : "The first change that was captured: what was before it is not known."),
    same > 0 && h("p", { class: "muted small" }, `${plural(same, "field")} unchanged`),
    h("p", { class: "small muted" }, "Sequence number ", h("span", { class: "id" }, String(each.sequence_number).replace(/^0+(?=\d)/, ""))),
    raw("The row as JSON", each.row)));
};

const raw = (title, document) => h("details", null, h("summary", null, title), h("pre", { tabindex: "0" }, JSON.stringify(document, null, 2)));

const difference = (each, fields) => {
  const hasBefore = each.event_type !== "INSERT" && each.is_before_known;
  if (!hasBefore && each.event_type === "REMOVE") return null;
  const columns = ["Field", hasBefore && "Before", each.event_type !== "REMOVE" && "After"].filter(Boolean);
  const rows = fields.map((field) => [
    heading(field.name),
    hasBefore && h("span", { class: field.changed ? "was" : null }, shown(field.before)),
    each.event_type !== "REMOVE" && h("span", { class: field.changed && hasBefore ? "new" : null }, shown(field.after)),
  ].filter((cell) => cell !== false));
  return table(columns, rows, { caption: `${KINDS[each.event_type]}: fields before and after`, fixed: true });
};

const shown = (text) => (text === null ? "–" : /^-?\d{1,18}(\.\d+)?$/.test(text) ? exact(text) : text);
