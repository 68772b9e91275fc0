// The tab Flow: the pipeline as a picture, and each hop's figures below it.
import { h, s, number, rate, duration, time } from "./dom.js";
import { Place } from "./answers.js";
import { startHistory, stopHistory } from "./history.js";

const STATES = { ok: "OK", idle: "Ready", warn: "Needs a look", stopped: "Stopped", missing: "Not set up", unknown: "Not readable" };
const named = (hop) => (hop.state === "ok" && hop.rate ? "Moving" : STATES[hop.state]);
const SIGNS = { ok: "✓", idle: "–", warn: "!", stopped: "✕", missing: "?", unknown: "?" };
const ICONS = {
  table: "M4 6c0-3 16-3 16 0v12c0 3-16 3-16 0zM4 6c0 3 16 3 16 0M4 12c0 3 16 3 16 0",
  pipe: "M3 8h11v8H3M14 12h7M18 9l3 3-3 3",
  stream: "M3 7c4-4 5 4 9 0s5 4 9 0M3 13c4-4 5 4 9 0s5 4 9 0M3 19c4-4 5 4 9 0s5 4 9 0",
  delivery: "M3 12h4l3-8 4 16 3-8h4",
  raw: "M4 7h16l-2 13H6zM4 7c0-4 16-4 16 0",
  crawler: "M10 4a6 6 0 1 0 .01 0M15 15l6 6",
  job: "M12 3v4M12 17v4M3 12h4M17 12h4M6 6l2.5 2.5M15.5 15.5 18 18M18 6l-2.5 2.5M8.5 15.5 6 18M12 9a3 3 0 1 0 .01 0",
  athena: "M4 5h16v14H4zM4 10h16M10 10v9",
};
const wide = matchMedia("(min-width: 900px)");
let place;

export const startFlow = (values) => {
  startHistory(values);
  place ??= new Place(document.getElementById("flow-hops"), render, { every: 5, lines: 8 });
  place.show("api/flow");
  const redraw = () => { place.shown = ""; place.run(); };
  wide.addEventListener("change", redraw);
  return () => { place.stop(); stopHistory(); wide.removeEventListener("change", redraw); };
};

const render = (view) => [
  h("div", { class: "card picture" }, picture(view.hops, view.batch)),
  view.batch && h("p", { class: "notice failed" }, `The last batch, ${view.batch.run_id}, failed at ${time(view.batch.failed_at)} UTC. `,
    h("a", { href: view.batch.link, target: "_top" }, "Open the run")),
  h("div", { class: `notice ${view.alarms.is_bad ? "failed" : "calm"}` }, view.alarms.sentence, view.alarms.remedy && ` ${view.alarms.remedy}`,
    view.alarms.fired.length > 0 && h("ul", { class: "small" }, view.alarms.fired.map((alarm) =>
      h("li", null, h("strong", null, alarm.name.replaceAll("-", " ")), ` since ${time(alarm.since)} UTC. ${alarm.meaning} ${alarm.reason}`)))),
  h("p", { class: `notice ${view.starts.differs ? "failed" : "calm"}` }, view.starts.sentence, view.starts.remedy && ` ${view.starts.remedy}`),
  h("div", { class: "cards four" }, view.hops.map(card)),
  h("p", { class: "foot" }, `Read at ${time(view.at)} UTC. Counts are of the last hour and rates of the last five minutes, from CloudWatch; “–”: it has no figure.`),
];

const card = (hop) =>
  h("article", { class: `card hop ${hop.state}` },
    h("header", null,
      h("div", null, h("h3", null, hop.title), h("p", { class: "muted" }, hop.service)),
      h("span", { class: `pill ${hop.state}` }, named(hop))),
    h("p", { class: "figure" }, h("strong", null, hop.count === null ? hop.unit || "–" : number(hop.count)), hop.count !== null && ` ${hop.unit.replace("changes in", "in")}`),
    h("dl", { class: "facts" },
      hop.rate !== null && [h("dt", null, "Rate"), h("dd", null, `${rate(hop.rate)} / min`)],
      hop.lag_means && [h("dt", null, hop.lag_means), h("dd", null, duration(hop.lag_seconds))]),
    hop.minutes.some(Boolean) && spark(hop),
    h("ul", { class: "small" }, hop.facts.map((fact) => h("li", null, fact))));

const spark = (hop) => {
  const most = Math.max(...hop.minutes);
  return s("svg", { class: "spark", viewBox: "0 0 240 36", preserveAspectRatio: "none", role: "img", "aria-label": `${hop.title}: changes a minute over the last hour, at most ${number(most)}` },
    hop.minutes.map((value, at) => {
      const height = value ? Math.max(2, (value / most) * 34) : 1;
      return s("rect", { x: at * 4, y: 36 - height, width: 3, height, class: value ? "on" : "off" });
    }));
};

const picture = (hops, failed) => {
  const label = hops.map((hop) => `${hop.title}: ${named(hop)}${hop.count === null ? "" : `, ${number(hop.count)} ${hop.unit}`}`).join(". ");
  return wide.matches ? across(hops, label, failed) : down(hops, label);
};

const station = (hop, x, y, radius) => s("g", { class: `station ${hop.state}` },
  s("circle", { cx: x, cy: y, r: radius }),
  s("path", { d: ICONS[hop.id], transform: `translate(${x - 12} ${y - 12})` }),
  s("circle", { class: "mark", cx: x + radius * 0.74, cy: y - radius * 0.74, r: 9 }),
  s("text", { class: "sign", x: x + radius * 0.74, y: y - radius * 0.74 + 4, "text-anchor": "middle" }, SIGNS[hop.state]));

const link = (from, to, points) => {
  const moves = to.rate > 0;
  const broken = from.state === "stopped" || to.state === "stopped";
  return s("path", { class: `link ${broken ? "broken" : moves ? "moves" : ""}`, d: points });
};

const across = (hops, label, failed) => {
  const gap = 1120 / hops.length;
  const x = (at) => gap * (at + 0.5);
  const y = 78;
  return s("svg", { viewBox: "0 0 1120 226", role: "img", "aria-label": `The pipeline. ${label}` },
    s("text", { class: "zone", x: x(0) - 30, y: 18 }, "As it happens"),
    s("path", { class: "rail", d: `M${x(0) - 30} 28H${x(4) + 30}` }),
    s("text", { class: `zone ${failed ? "failed" : ""}`, x: x(5) - 30, y: 18 }, failed ? "In batches: the last one failed" : "In batches"),
    s("path", { class: `rail ${failed ? "failed" : ""}`, d: `M${x(5) - 30} 28H${x(7) + 30}` }),
    hops.slice(1).map((hop, at) => link(hops[at], hop, `M${x(at) + 36} ${y}H${x(at + 1) - 36}`)),
    hops.map((hop, at) => [
      station(hop, x(at), y, 28),
      s("text", { class: "name", x: x(at), y: 134, "text-anchor": "middle" }, hop.title),
      s("text", { class: "service", x: x(at), y: 152, "text-anchor": "middle" }, hop.service),
      hop.count !== null && s("text", { class: "count", x: x(at), y: 178, "text-anchor": "middle" }, number(hop.count)),
      s("text", { class: "service", x: x(at), y: hop.count === null ? 178 : 197, "text-anchor": "middle" }, below(hop)),
      hop.rate > 0 && s("text", { class: "rate", x: x(at), y: 216, "text-anchor": "middle" }, `${rate(hop.rate)} / min`),
    ]));
};

const below = (hop) => {
  if (hop.state === "stopped" || hop.state === "missing") return STATES[hop.state];
  return hop.unit.replace("changes in", "in") || STATES[hop.state];
};

const down = (hops, label) => s("svg", { viewBox: `0 0 340 ${hops.length * 66 + 8}`, role: "img", "aria-label": `The pipeline. ${label}` },
  hops.slice(1).map((hop, at) => link(hops[at], hop, `M32 ${at * 66 + 62}V${at * 66 + 80}`)),
  hops.map((hop, at) => [
    station(hop, 32, at * 66 + 36, 22),
    s("text", { class: "name", x: 70, y: at * 66 + 33 }, hop.title),
    s("text", { class: "service", x: 70, y: at * 66 + 51 }, hop.service),
    hop.count !== null && s("text", { class: "count", x: 336, y: at * 66 + 33, "text-anchor": "end" }, number(hop.count)),
    s("text", { class: "service", x: 336, y: at * 66 + 51, "text-anchor": "end" }, below(hop)),
  ]));
