// Say which part of a list is shown and lead to the others; save a list or a plot's numbers as CSV.
import { h, number, plural } from "./dom.js";

/** "51–100 of 5,001 orders", with links; `link` makes the address of a page. */
export const pager = ({ page, size, total }, [one, many], link, names = ["Newer", "Older"]) => {
  if (!total) return null;
  const first = (page - 1) * size + 1;
  const last = Math.min(page * size, total);
  return h("p", { class: "pager" },
    h("span", null, total <= size && page === 1 ? plural(total, one, many) : `${number(first)}–${number(last)} of ${plural(total, one, many)}`),
    page > 1 && h("a", { href: link(page - 1), rel: "prev" }, names[0]),
    last < total && h("a", { href: link(page + 1), rel: "next" }, names[1]));
};

const RISKY = /^[=+@\t\r]|^-(?!\d+(\.\d+)?$)/;
/** Write a cell; a text that a spreadsheet would take for a formula begins with an apostrophe. */
const cell = (value) => {
  const text = value === null || value === undefined ? "" : String(value);
  const safe = RISKY.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
export const csv = (columns, rows) => [columns, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";

/** A button that saves rows as CSV, their values as they came and not as they are shown. */
export const saveButton = (name, columns, rows) => h("button", { type: "button", class: "quiet small", onclick: () => {
  const address = URL.createObjectURL(new Blob(["\ufeff", csv(columns, rows)], { type: "text/csv;charset=utf-8" }));
  const link = h("a", { href: address, download: `${name.replace(/[^\w-]+/g, "-").toLowerCase()}.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
} }, "Save as CSV");
