// Make elements. Text is always set as text, so no value can become markup.
const SVG = "http://www.w3.org/2000/svg";
const SPOKEN = new Set(["aria-label", "title", "placeholder"]);

/** Characters that cannot be seen, or that turn the order of others: of control, of direction, of no width. */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const codeOf = (character) => `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
/** Write what cannot be seen as its code point, so that two texts that differ look different. */
export const visible = (text) => String(text).replace(UNSEEN, (each) => `⟨${codeOf(each)}⟩`);

/** Return a text as nodes, each character that cannot be seen in a mark of its own; a line's end stays one in a pre. */
const shownIn = (element, text) => {
  const known = element.localName === "pre" ? text.split(/(?=[\n\t])|(?<=[\n\t])/) : [text];
  return known.flatMap((part) => {
    if (element.localName === "pre" && /^[\n\t]$/.test(part)) return [part];
    if (element.namespaceURI === SVG) return [visible(part)];
    const between = part.split(UNSEEN);
    const found = part.match(UNSEEN) ?? [];
    return between.flatMap((seen, at) => {
      if (at === 0) return [seen];
      const mark = document.createElement("span");
      mark.className = "unseen";
      mark.textContent = codeOf(found[at - 1]);
      return [mark, seen];
    });
  });
};

const build = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : SPOKEN.has(name) ? visible(value) : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(...(child instanceof Node ? [child] : shownIn(element, String(child))));
  }
  return element;
};

export const h = (tag, attributes, ...children) => build(document.createElement(tag), attributes, children);
export const s = (tag, attributes, ...children) => build(document.createElementNS(SVG, tag), attributes, children);
export const fill = (element, ...children) => element.replaceChildren(...children.flat(Infinity).filter(Boolean));

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });
export const number = (value) => (value === null || value === undefined ? "–" : whole.format(value));
export const rate = (value) => (value >= 10 ? whole.format(value) : short.format(value));
export const bytes = (count) => (count < 1e6 ? `${number(count / 1e3)} kB` : count < 1e9 ? `${number(count / 1e6)} MB` : `${short.format(count / 1e9)} GB`);
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** Group the digits before the point; the text is never parsed as a number, so money stays exact. */
export const exact = (text) => {
  const parts = /^(-?)(\d+)(\.\d+)?$/.exec(text ?? "");
  return parts ? `${parts[1]}${parts[2].replace(/\B(?=(\d{3})+$)/g, ",")}${parts[3] ?? ""}` : String(text ?? "–");
};

export const duration = (seconds) => {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 10) return `${short.format(seconds)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
};

export const time = (text, { withDate = true, withMilliseconds = false } = {}) => {
  const at = new Date(text);
  if (!text || Number.isNaN(at.getTime())) return "–";
  const iso = at.toISOString();
  const clock = iso.slice(11, withMilliseconds ? 23 : 19);
  return withDate ? `${iso.slice(0, 10)} ${clock}` : clock;
};
export const moment = (text, options) => h("time", { datetime: text, title: `${time(text)} UTC` }, time(text, options));

export const KINDS = { INSERT: "Inserted", MODIFY: "Updated", REMOVE: "Deleted" };
export const badge = (type) => h("span", { class: `badge ${KINDS[type] ? type.toLowerCase() : ""}` }, KINDS[type] ?? type);

/** Say that a table goes on sideways, where it does. */
const wider = new ResizeObserver((entries) => {
  for (const { target } of entries) target.previousElementSibling?.classList.toggle("on", target.scrollWidth > target.clientWidth + 1);
});

export const table = (columns, rows, { caption, numeric = [], empty = "Nothing.", fixed = false } = {}) => {
  if (!rows.length) return h("p", { class: "muted" }, empty);
  const cell = (tag, at, content) => h(tag, { class: numeric.includes(at) ? "number" : null, scope: tag === "th" ? "col" : null }, content);
  const hint = h("p", { class: "hint" }, "Scroll sideways for more columns →");
  const scrolled = h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption ?? "Table" },
    h("table", { class: fixed ? "fixed" : null },
      caption && h("caption", { class: "sr" }, caption),
      h("thead", null, h("tr", null, columns.map((name, at) => cell("th", at, name)))),
      h("tbody", null, rows.map((row) => h("tr", null, row.map((value, at) => cell("td", at, value)))))));
  wider.observe(scrolled);
  return h("div", { class: "table" }, hint, scrolled);
};
