// Draw plots in the page's colours: a sketch at once, then plotly.js, with the numbers in a table below.
import { h, table, visible } from "./dom.js";
import { sketch } from "./sketch.js";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
export const palette = () => [1, 2, 3, 4, 5, 6, 7, 8].map((at) => colour(`plot-${at}`));
export const kinds = () => ({ inserts: colour("insert"), updates: colour("modify"), deletes: colour("remove") });
const cut = (text) => (text.length > 16 ? `${text.slice(0, 15)}…` : text);
/** Escape and shorten a text, because plotly.js reads some HTML in texts. */
export const plain = (text) => cut(visible(text ?? "–")).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const drawn = new Set();
/**
 * plotly.js blocks the page for a second or two while it starts. So it starts after a pause without a new plot, and once everything that
 * is shown has its answer; an answer that takes longer than PATIENCE is not waited for.
 */
const QUIET = 400;
const PATIENCE = 5000;
const isLoading = () => document.querySelector("main > :not([hidden]) .skeleton") !== null;
const onceAnswered = (act, since = performance.now()) => {
  if (!window.Plotly && isLoading() && performance.now() - since < PATIENCE) return setTimeout(onceAnswered, QUIET, act, since);
  return act();
};

/** Start plotly.js before the first plot needs it. */
export const warm = () => onceAnswered(() => window.plotly().catch(() => {}));

const waiting = new Set();
let quiet;
const drawLater = (draw) => {
  waiting.add(draw);
  clearTimeout(quiet);
  quiet = setTimeout(onceAnswered, window.Plotly ? 0 : QUIET, drawAll);
};
const drawAll = () => {
  const drawings = [...waiting];
  waiting.clear();
  for (const each of drawings) each();
};
addEventListener("theme", () => { for (const each of drawn) each.isConnected ? each.redraw() : drawn.delete(each); });

/** Plot what `make` returns, {data, layout}, again for each theme; `numbers` are {columns, rows, numeric} of the table below. */
export const plot = (label, make, { height = 300, numbers } = {}) => {
  const canvas = h("div", { class: "plot", role: "img", "aria-label": label, "data-height": height });
  canvas.redraw = async () => {
    const Plotly = await window.plotly();
    if (!canvas.isConnected) return;
    const { data, layout = {} } = make();
    canvas.querySelector(".sketch")?.remove();
    await Plotly.react(canvas, data, dressed(layout, height, canvas.clientWidth < 480), { displayModeBar: false, responsive: true, showTips: false });
  };
  drawn.add(canvas);
  const draw = () => canvas.redraw().catch(() => canvas.replaceChildren(h("p", { class: "muted" }, "The plot could not be drawn; its numbers are below.")));
  requestAnimationFrame(() => {
    if (!window.Plotly && canvas.isConnected) canvas.append(sketch(make(), canvas.clientWidth, height, { muted: colour("muted"), line: colour("line") }));
    drawLater(draw);
  });
  return [canvas, numbers && h("details", null, h("summary", null, `The numbers: ${numbers.title ?? label}`), table(numbers.columns, numbers.rows, { caption: label, numeric: numbers.numeric }))];
};

const dressed = (layout, height, isNarrow) => {
  const muted = colour("muted");
  const axis = { gridcolor: colour("line"), linecolor: colour("line"), zerolinecolor: colour("line"), tickfont: { color: muted, size: 12 }, automargin: true, fixedrange: true };
  return {
    height, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, color: colour("ink"), size: 13 },
    margin: { l: 8, r: 8, t: 8, b: 8 }, bargap: 0.25,
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, traceorder: "normal", font: { size: 12 } },
    hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line"), font: { color: colour("ink"), size: 12 } },
    ...layout,
    xaxis: { ...axis, ...(layout.xaxis?.type === "date" ? { tickangle: 0 } : {}), ...layout.xaxis, ...(isNarrow && layout.xaxis?.nticks ? { nticks: 4 } : {}) },
    yaxis: { ...axis, rangemode: "tozero", ...layout.yaxis },
  };
};
