// The tab Trust: reports of the ledger, reconciliation and drills, failed records and their redrive, deliveries and cost.
import { h, badge, duration, exact, moment, number, plural, table, time } from "./dom.js";
import { Place } from "./answers.js";
import { counted, entity, label, summary } from "./entity.js";
import { kinds, palette, plot } from "./charts.js";
import { orderAddress } from "./route.js";
import { startButton } from "./start.js";

const one = `${entity.one[0].toUpperCase()}${entity.one.slice(1)}`;
const verdict = (good, text) => h("p", { class: `check ${good ? "good" : "bad"}` }, h("span", { "aria-hidden": "true" }, good ? "✓" : "✕"), ` ${text}`);
const facts = (entries) => h("dl", { class: "facts" }, entries.filter(([, value]) => value !== null && value !== undefined).map(([name, value]) => [h("dt", null, name), h("dd", { class: "number" }, typeof value === "number" ? number(value) : value)]));
const source = (view) => h("p", { class: "foot" }, moment(view.at), ` UTC, ${view.object}`);

const lagOf = (seconds) => (seconds === null || seconds === undefined ? "–" : duration(Number(seconds))); // without a change there is no lag
const delivered = (view) => {
  const lost = view.lost ?? view.ledger.reduce((sum, row) => sum + row.missing, 0);
  if (view.ledger.every((row) => row.delivered === null)) return h("p", { class: "muted" }, "This report does not say what was written and delivered.");
  if (lost || view.failed) return verdict(false, `${plural(lost, "change")} lost, ${number(view.failed)} failed`);
  if (!view.ledger.some((row) => row.written)) return h("p", { class: "muted" }, "This batch waited for no generate run: nothing new was written by one.");
  return verdict(true, "All that this batch waited for was delivered");
};

const batch = (view) => {
  const lag = view.lag_seconds;
  return [
    delivered(view),
    table(["Event type", "Written", "Delivered", "Missing"], view.ledger.map((row) => [badge(row.event_type), number(row.written), number(row.delivered), number(row.missing)]), { caption: "Written and delivered changes", numeric: [1, 2, 3] }),
    facts([["From commit to S3: half within", lagOf(lag.p50)], ["99 of 100 within", lagOf(lag.p99)], ["At most", lagOf(lag.max)], ["Duplicates delivered, counted once", view.duplicates_in_raw], ...Object.entries(view.curated).map(([name, value]) => [`Curated: ${name.replaceAll("_", " ")}`, value])]),
    view.checks.length > 0 && h("ul", { class: "checks" }, view.checks.map((check) => h("li", null, verdict(!check.rows, check.rows ? `${check.name}: ${plural(check.rows, "row")}` : check.name)))),
    view.changed_orders.length > 0 && h("details", null, h("summary", null, `${some(view.changed_orders.length, view.changed_count)} of this batch, before and after`), table([one, "Before", "After"], view.changed_orders.map((order) => [h("a", { class: "id", href: orderAddress(String(order.orderid)) }, label(String(order.orderid))), state(order.before), state(order.after)]), { caption: `${entity.title} that this batch changed` })),
    source(view),
  ];
};
/** Say how many of all are listed. */
const some = (shown, all) => (shown < all ? `${number(shown)} of ${counted(all)}` : counted(all));
const state = (order) => (order ? summary(order) : "–");

const reconciliation = (view) => [
  view.is_equal === null
    ? h("p", { class: "muted" }, "This report does not say whether the tables are equal.")
    : verdict(view.is_equal, view.is_equal ? equal(view) : `The curated table differs from the ${entity.many} table`),
  covered(view) && h("p", { class: "small" }, `Compared: ${covered(view)}.`),
  facts([[view.reads_all ? "Items in the table" : "Items compared", view.source_items], [view.reads_all ? "Items curated" : "Curated items compared", view.curated_items], ["Equal, field by field", view.matching], ["Changed during the comparison, not judged", view.in_flight]]),
  table(["Difference", entity.title], [["Missing from the curated table", number(view.counts.missing)], ["Only in the curated table", number(view.counts.extra)], ["With stale fields", number(view.counts.stale)]], { caption: "Differences", numeric: [1] }),
  parts(view),
  view.stale.length > 0 && table([one, "Field", "Table", "Curated"], view.stale.flatMap((order) => Object.entries(order.fields).map(([name, sides]) => [label(order.orderid), name, String(sides.source ?? "–"), String(sides.curated ?? "–")])), { caption: "Stale fields" }),
  view.counts.stale > view.stale.length && h("p", { class: "small" }, `Of ${number(view.stale.length)} of ${number(view.counts.stale)} with stale fields; the report in the bucket has more.`),
  [["Missing", view.missing, view.counts.missing], ["Extra", view.extra, view.counts.extra]].map(([name, ids, all]) => ids.length > 0 && h("details", null, h("summary", null, `${name}: ${some(ids.length, all)}`), h("ul", { class: "small" }, ids.map((id) => h("li", { class: "id" }, label(id)))))),
  source(view),
];

const meanwhile = (view) => (view.in_flight ? `, except ${counted(view.in_flight)} that changed meanwhile` : "");
const equal = (view) => (view.reads_all ? `The curated table equalled the ${entity.many} table at the time of this comparison${meanwhile(view)}` : `All that this comparison read was equal${meanwhile(view)}, and nothing that an earlier one found is open`);
/** Say what a comparison has read. */
const covered = (view) => {
  if (view.reads_all) return view.why ? `all ${entity.many}, since ${view.why}` : null;
  const read = view.parts.filter((each) => each.is_new).map((each) => each.part);
  return [read.length > 0 && `${read.length > 1 ? "parts" : "part"} ${read.join(", ")} of ${view.parts.length}`, `${counted(view.changed)} that changed`, view.reopened > 0 && `${counted(view.reopened)} that differed or were in flight`].filter(Boolean).join(", ");
};
/** When each part was compared whole; one line where all were at once. */
const parts = (view) => {
  if (!view.parts.length || new Set(view.parts.map((each) => each.verified_at)).size === 1) return null;
  return h("details", null, h("summary", null, `When each of ${view.parts.length} parts was compared last`), table(["Part", "Compared, UTC"], view.parts.map((each) => [`${each.part}`, moment(each.verified_at)]), { caption: "When each part was compared last" }));
};

const counts = (view) => [
  facts(Object.entries(view.facts).map(([name, value]) => [title(name), typeof value === "boolean" ? (value ? "yes" : "no") : typeof value === "number" ? value : exact(value)])),
  Object.entries(view.reasons).map(([name, reasons]) => table([title(name), "Records"], Object.entries(reasons).map(([reason, count]) => [reason, number(count)]), { caption: title(name), numeric: [1] })),
  Object.entries(view.tables).map(([name, rows]) => {
    const columns = Object.keys(rows[0]);
    return [h("h4", null, title(name)), table(columns.map(title), rows.map((row) => columns.map((column) => cell(row[column]))), { caption: name, numeric: columns.flatMap((column, at) => (rows.every((row) => typeof row[column] === "number") ? [at] : [])) })];
  }),
  source(view),
];
const title = (name) => `${name[0].toUpperCase()}${name.slice(1).replaceAll("_", " ")}`;
const cell = (value) => (value === true ? "✓ yes" : value === false ? "✕ no" : value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : typeof value === "number" ? number(value) : String(value));

const drill = (view) => [
  verdict(view.is_exact, view.is_exact ? "Exact under every fault" : "Not exact: see the claims that do not hold"),
  table(["", "Claim", "Expected", "Found"].map((name) => name || h("span", { class: "sr" }, "Holds")), view.claims.map((each) => [each.holds ? h("span", { class: "check good" }, "✓", h("span", { class: "sr" }, "yes")) : h("span", { class: "check bad" }, "✕", h("span", { class: "sr" }, "no")), each.claim, typeof each.expected === "number" ? number(each.expected) : each.expected, typeof each.found === "number" ? number(each.found) : each.found]), { caption: "What the drill claims", numeric: [2, 3] }),
  facts([["Orders of the drill", view.orders.all], ["Of them alive at the end", view.orders.live]]),
  Object.keys(view.struck).length > 0 && h("details", null, h("summary", null, "Faults that struck, and how often"), facts(Object.entries(view.struck).map(([name, count]) => [title(name), count]))),
  source(view),
];

const failures = (view) => {
  const none = !view.count && view.is_whole && view.dead_letters === 0;
  const waiting = view.dead_letters === null ? "the dead-letter queue could not be read" : `${plural(view.dead_letters, "position")} in the dead-letter queue`;
  return [
    verdict(none, none ? "No failed record waits" : `${view.is_whole ? plural(view.count, "record") : `${number(view.count)} or more records`} under errors/, ${waiting}`),
    view.by_reason.length > 0 && table(["Reason", "Records"], view.by_reason.map((each) => [each.reason, number(each.count)]), { caption: "Why records failed", numeric: [1] }),
    view.records.length > 0 && h("details", null, h("summary", null, `The newest ${view.count > view.records.length ? `${number(view.records.length)} of ${view.is_whole ? "" : "more than "}${plural(view.count, "record")}` : plural(view.count, "record")}`), table(["Stored (UTC)", one, "Change", "Reason"], view.records.map((each) => [moment(each.at), h("span", { class: "id" }, label(each.orderid) || "–"), each.event_type ? badge(each.event_type) : "–", each.reason]), { caption: "Failed records" })),
    !none && startButton("redrive", "Deliver them again", { quiet: false }),
  ];
};

const STATES = { success: ["ok", "Succeeded"], failed: ["stopped", "Failed"], running: ["warn", "Running"], queued: ["", "Waiting"] };
const starters = new Map(); // kept, so that an open confirmation survives the next answer
const starter = (name) => starters.get(name) ?? starters.set(name, startButton(name)).get(name);

const dags = (view) => h("div", { class: "dags" }, view.dags.map((dag) => {
  const [last, ...older] = dag.runs;
  const name = dag.dag_id.replace("sales_cdc_", "");
  return h("section", { class: "dag", "aria-label": dag.dag_id },
    h("p", { class: "line" }, h("b", null, name), last ? state_of(last) : h("span", { class: "muted" }, "Never run"), dag.is_paused && h("span", { class: "pill warn" }, "Paused")),
    last && runLine(last),
    dag.next_at && h("p", { class: "muted small" }, `Next run at ${time(dag.next_at)} UTC`),
    older.length > 0 && h("details", null, h("summary", null, `${plural(older.length, "earlier run")} of ${name}`),
      table(["Started (UTC)", "State", "Duration", "Run"], older.map((run) => [moment(run.started_at), state_of(run), run.seconds === null ? "–" : duration(run.seconds), h("a", { href: run.link, target: "_top" }, "Open")]), { caption: `Earlier runs of ${name}` })),
    dag.can_start && starter(name));
}));
const state_of = (run) => h("span", { class: `pill ${STATES[run.state]?.[0] ?? ""}` }, STATES[run.state]?.[1] ?? run.state);
const runLine = (run) => [
  h("p", { class: "small" }, moment(run.started_at), " UTC, ", run.seconds === null ? "not ended" : duration(run.seconds), ", ", h("a", { href: run.link, target: "_top" }, "open the run")),
  run.failed_tasks.map((task) => h("p", { class: "small" }, "Failed: ", h("a", { href: task.link, target: "_top" }, `the log of ${task.name}`))),
];

const runs = (view) => [
  plot("Written and delivered changes by batch run", () => ({
    data: [["written", "Written", palette()[5]], ["delivered", "Delivered", kinds().inserts]].map(([name, title, color]) => ({ type: "bar", name: title, marker: { color }, x: view.runs.map((run) => time(run.run_at)), y: view.runs.map((run) => run[name]), hovertemplate: "%{y:,}" })),
    layout: { barmode: "group", hovermode: "x unified", xaxis: { type: "date", tickformatstops: [{ dtickrange: [null, 86399999], value: "%H:%M\n%-d %b" }, { dtickrange: [86400000, null], value: "%-d %b" }], hoverformat: "%Y-%m-%d %H:%M", nticks: 6 }, yaxis: { tickformat: ",d" } },
  }), { height: 240, numbers: { title: plural(view.runs.length, "run"), columns: ["Run (UTC)", "Written", "Delivered", "Failed", "Curated", "Lag p99"], numeric: [1, 2, 3, 4, 5], rows: [...view.runs].reverse().map((run) => [time(run.run_at), exact(run.written), exact(run.delivered), exact(run.failed), exact(run.curated), run.lag_raw_p99_seconds === null ? "–" : duration(Number(run.lag_raw_p99_seconds))]) } }),
];

const cost = (view) => {
  const most = Math.max(...view.services.map((each) => Number(each.amount)));
  return [
    h("p", { class: "figure" }, h("strong", null, view.total), view.is_local ? " it would have cost on AWS" : " at list prices"),
    h("p", { class: "muted small" }, `${plural(view.changes, "change")} since ${time(view.since)} UTC.`),
    h("ul", { class: "shares" }, view.services.map((each) => h("li", null,
      h("span", null, each.service), h("meter", { min: 0, max: most || 1, value: Number(each.amount), "aria-label": `${each.service}'s share` }), h("span", { class: "number" }, each.dollars)))),
    h("p", { class: "foot" }, `An estimate at the list prices of ${view.region}, without free tier; make cost shows how it is counted.`),
  ];
};

const RENDERS = { dags, batch, reconciliation, failures, runs, drill, redrive: counts, repair: counts, cost };
const places = [...document.querySelectorAll("[data-trust]")].map((body) => ({
  name: body.dataset.trust,
  place: new Place(body, RENDERS[body.dataset.trust], { every: body.dataset.trust === "runs" ? 60 : 15 }),
}));

export const startTrust = () => {
  for (const { name, place } of places) place.show(name === "dags" ? "api/runs" : `api/trust/${name}`);
  return () => { for (const { place } of places) place.stop(); };
};
