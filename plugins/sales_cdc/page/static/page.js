// Show the tab that the address names, and keep it filled.
import { startFlow } from "./flow.js";
import { startOrders } from "./orders.js";
import { startChanges } from "./changes.js";
import { startInsights } from "./insights.js";
import { startTrust } from "./trust.js";
import { paceVerdict, startVerdict } from "./verdict.js";
import { warm } from "./charts.js";
import { route } from "./route.js";
import { adopt, leaveByShell, tell } from "./shell.js";

const STARTS = { flow: startFlow, orders: startOrders, changes: startChanges, insights: startInsights, trust: startTrust };
const IDLE = window.requestIdleCallback ?? ((call) => setTimeout(call, 2000));
const JUDGED = new Set(["flow", "trust"]); // these begin with the verdict
let stop = () => {};
let stopVerdict = null;
let current = "";

const go = () => {
  tell();
  const { part: name, values } = route();
  const part = STARTS[name] ? name : "flow";
  if (part !== current) {
    stop();
    for (const each of Object.keys(STARTS)) document.getElementById(`part-${each}`).hidden = each !== part;
    for (const link of document.querySelectorAll("nav a")) {
      if (link.hash === `#${part}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = `${part[0].toUpperCase()}${part.slice(1)} · Sales CDC`;
  }
  current = part;
  judge(JUDGED.has(part));
  stop = STARTS[part](values) ?? (() => {});
};

const judge = (isShown) => {
  document.body.toggleAttribute("data-judged", isShown);
  document.getElementById("verdict").hidden = !isShown && !document.body.hasAttribute("data-blocked");
  stopVerdict ??= startVerdict(); // of every part: it is shown first where nothing else can be
  paceVerdict(isShown);
};

addEventListener("hashchange", () => {
  const before = current;
  go();
  if (before !== current) document.getElementById("main").focus({ preventScroll: true });
});
adopt();
leaveByShell();
go();
addEventListener("load", () => setTimeout(() => IDLE(warm), 1500)); // after the first view
