// The verdict above Flow and Trust: trustworthy or not, since when, why, the one thing to do, and every open matter.
import { h, plural, time } from "./dom.js";
import { Place } from "./answers.js";
import { post } from "./post.js";
import { startButton } from "./start.js";

const LOOKS = { trustworthy: ["ok", "✓"], outdated: ["warn", "!"], untrustworthy: ["stopped", "✕"], unknown: ["warn", "?"], empty: ["idle", "–"], missing: ["missing", "?"] };
const SIGNS = { broken: ["stopped", "Broken"], unknown: ["unknown", "Not readable"], outdated: ["warn", "Not up to date"] };
const mayAcknowledge = document.body.dataset.canRunBatch === "yes";
let place;

export const startVerdict = () => {
  place ??= new Place(document.getElementById("verdict"), render, { every: 5, lines: 2 });
  place.show("api/verdict");
  return () => place.stop();
};

/** Ask less often where the verdict is not shown: each look costs a call of CloudWatch's. */
export const paceVerdict = (isShown) => { if (place) place.every = isShown ? 5 : 30; };

/** The one thing to do, as a button where this page can do it. */
const STARTS = { sales_cdc_setup: ["setup", "Run setup"], sales_cdc_batch: ["batch", "Start a batch"], sales_cdc_reconcile: ["reconcile", "Compare now"], sales_cdc_repair: ["repair", "Repair"], sales_cdc_redrive: ["redrive", "Deliver them again"] };
const starters = new Map(); // kept, so that an open confirmation survives the next answer
const doIt = (view) => {
  if (isDown(view)) return h("button", { type: "button", onclick: () => { place.shown = ""; place.run(); } }, "Try again");
  const [name, title] = STARTS[view.dag] ?? [];
  if (view.state === "empty" && view.remedy.includes("sales_cdc_generate")) return h("p", null, h("a", { class: "button", href: "../dags/sales_cdc_generate", target: "_top" }, "Open sales_cdc_generate"));
  if (!name || !mayAcknowledge) return null;
  return starters.get(name) ?? starters.set(name, startButton(name, title, { quiet: false })).get(name);
};

/** Nothing else on the page can say more than this: the pipeline is not there, or does not answer. */
const isDown = (view) => view.matters.some((matter) => matter.id === "unread-pipeline");
const block = (view) => {
  const blocked = view.state === "missing" || isDown(view);
  document.body.toggleAttribute("data-blocked", blocked);
  document.body.toggleAttribute("data-empty", view.state === "empty");
  document.getElementById("verdict").hidden = !blocked && !document.body.hasAttribute("data-judged");
};

const render = (view) => {
  block(view);
  const [look, sign] = LOOKS[view.state];
  const first = view.matters.find((matter) => !matter.acknowledged && view.reason === matter.reason);
  const listed = view.matters.length > 1 || view.matters.some((matter) => matter.acknowledged || matter.newest);
  return h("div", { class: `verdict ${look}`, role: "status" },
    h("span", { class: "sign", "aria-hidden": "true" }, sign),
    h("div", null,
      h("p", { class: "title" }, view.sentence),
      view.reason && h("p", null, view.reason),
      view.remedy && h("p", null, h("b", null, "What to do: "), view.remedy),
      first?.link && h("p", null, runLink(first.link)),
      doIt(view),
      listed && h("details", null, h("summary", null, plural(view.matters.length, "open matter")), h("ul", { class: "needs" }, view.matters.map(matter)))));
};

const runLink = (link) => h("a", { href: link, target: "_top" }, "Open the failed run");

const matter = (each) => {
  const [look, name] = SIGNS[each.level];
  return h("li", { class: look },
    h("p", { class: "line" }, h("b", null, each.title), h("span", { class: `pill ${look}` }, name)),
    each.since && h("p", { class: "muted" }, `Since ${time(each.since)} UTC`),
    each.reason && h("p", null, each.reason),
    h("p", null, h("b", null, "What to do: "), each.remedy),
    each.link && h("p", null, runLink(each.link)),
    each.acknowledged ? seen(each.acknowledged) : each.newest && mayAcknowledge && acknowledge(each));
};

const seen = ({ by, at, note }) => h("p", { class: "muted" }, `Acknowledged by ${by} at ${time(at)} UTC${note ? `: ${note}` : "."} Newer evidence opens it again.`);

const acknowledge = (each) => {
  const said = h("p", { class: "said", role: "status" });
  const note = h("input", { type: "text", maxlength: "500", placeholder: "Why it may stay", "aria-label": `Why “${each.title}” may stay` });
  const button = h("button", { type: "button", class: "quiet", onclick: async () => {
    button.disabled = true;
    const { answered, problem } = await post("api/acknowledge", { matter: each.id, note: note.value });
    said.textContent = answered ? "Acknowledged." : problem;
    button.disabled = Boolean(answered);
    if (answered) place.run();
  } }, "Acknowledge");
  return h("div", { class: "row act" }, note, button, said);
};
