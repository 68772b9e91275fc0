// Keep a few outliers from flattening a chart: the scale ends above the other bars, and a sentence names what goes beyond.
import { number } from "./dom.js";

const MOST = 5;
/** Return {layout, note} for bars that are stacked by `by`: a bar over five times as high as nine of ten others is cut. */
export const fitted = (rows, by, names, layout) => {
  const heights = new Map();
  for (const row of rows) heights.set(row[by], (heights.get(row[by]) ?? 0) + names.reduce((sum, name) => sum + (Number(row[name]) || 0), 0));
  const sorted = [...heights.values()].sort((a, b) => a - b);
  const usual = sorted[Math.floor((sorted.length - 1) * 0.9)];
  const top = usual * 1.5;
  const beyond = [...heights].filter(([, height]) => height > top);
  if (sorted.length < 5 || !(usual > 0) || sorted.at(-1) <= MOST * usual) return { layout, note: "" };
  const named = beyond.slice(0, 3).map(([at, height]) => `${String(at).slice(0, 16)} (${number(height)})`).join(", ");
  return { layout: { ...layout, yaxis: { ...layout.yaxis, range: [0, top] } }, note: `Beyond the scale: ${named}${beyond.length > 3 ? ` and ${beyond.length - 3} more` : ""}. Their numbers are below.` };
};
