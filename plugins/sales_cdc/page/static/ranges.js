// Choose a range of time; the choice is in the address, so that it can be linked to.
import { h, fill, time } from "./dom.js";
import { address } from "./route.js";

export const NAMES = { hour: "1 hour", day: "24 hours", week: "7 days", month: "30 days", own: "Own" };
const SAID = { hour: "the last hour", day: "the last 24 hours", week: "the last 7 days", month: "the last 30 days" };

/** The range that an address names: {name, query, said}. */
export const rangeOf = (values) => {
  const name = NAMES[values.get("range")] ? values.get("range") : "hour";
  const own = name === "own" ? new URLSearchParams([...values].filter(([key]) => key === "from" || key === "until")) : new URLSearchParams();
  const said = SAID[name] ?? `${time(asUtc(own.get("from")))} to ${own.get("until") ? time(asUtc(own.get("until"))) : "now"}`;
  return { name, query: own.size ? `?${own}` : "", said };
};
const asUtc = (text) => (text && !/Z|[+-]\d\d:\d\d$/.test(text) ? `${text}Z` : text);

/** Fill a place with the choice; `part` is the tab whose address it changes. */
export const showRanges = (place, part, values) => {
  const chosen = rangeOf(values).name;
  const wasOpen = place.querySelector("form")?.hidden === false;
  const form = h("form", { class: "own row", hidden: chosen !== "own" && !wasOpen, onsubmit: (event) => {
    event.preventDefault();
    location.hash = address(part, { range: "own", ...Object.fromEntries(new FormData(form)) });
  } },
    h("label", null, "From (UTC) ", h("input", { type: "datetime-local", name: "from", required: true, value: values.get("from") })),
    h("label", null, "until (UTC) ", h("input", { type: "datetime-local", name: "until", value: values.get("until") })),
    h("button", { type: "submit", class: "quiet" }, "Show"));
  const own = h("button", { type: "button", class: "segment", "aria-expanded": String(!form.hidden), "aria-current": chosen === "own" ? "true" : null, onclick: () => {
    form.hidden = !form.hidden;
    own.setAttribute("aria-expanded", String(!form.hidden));
    if (!form.hidden) form.elements.from.focus();
  } }, NAMES.own);
  const focused = place.contains(document.activeElement) ? document.activeElement.textContent : null;
  fill(place, h("div", { class: "segments", role: "group", "aria-label": "Range of time" },
    Object.entries(NAMES).filter(([name]) => name !== "own").map(([name, title]) => h("a", { class: "segment", href: address(part, { range: name }), "aria-current": name === chosen ? "true" : null }, title)), own), form);
  for (const each of place.querySelectorAll(".segment")) if (each.textContent === focused) each.focus();
};
