// Say what a list did not look at, and lead to a search of the whole history after its cost was said.
import { ask } from "./answers.js";
import { h, bytes, plural } from "./dom.js";

export const ALL = "all";
/** The day of a time, in UTC: lists look from its begin. */
export const day = (text) => new Date(text).toISOString().slice(0, text.endsWith("T00:00:00+00:00") ? 10 : 16).replace("T", " ");

const CHANGES = { all: "the change log has no older change.", some: (rows) => `The change log has ${plural(rows, "older change")}.` };
const KINDS = {
  week: CHANGES,
  month: CHANGES,
  quarantined: { all: "no older line is in quarantine.", some: (rows) => `${plural(rows, "line")} of older objects ${rows === 1 ? "is" : "are"} in quarantine.` },
};

/** Beside what was found: `said` tells what was not looked at, being before `since`; `link` is the address that looks at it, too,
 * `further` a place before that which looks further back. */
export const older = (kind, since, said, link, further = null) => {
  const sentence = h("span", null, `${said} `);
  const cost = h("span", null);
  const anchor = h("a", { href: link }, "Look in the whole history");
  const where = h("p", { class: "small older" }, sentence, further && [further, " · "], anchor, cost);
  ask(`api/older/${kind}`).then(({ value }) => {
    if (!value || value.rows === null) return;
    const isCounted = value.since === since;
    if (isCounted && value.rows === 0) where.replaceChildren(`That is all: ${KINDS[kind].all}`);
    else if (isCounted) sentence.textContent = `${said} ${KINDS[kind].some(value.rows)} `;
    if (value.bytes !== null) cost.textContent = ` (it reads about ${bytes(value.bytes)}${value.is_local ? "" : `: about ${value.cost}`})`;
  }, () => null);
  return where;
};

/** Beside what was found in the whole history. */
export const everything = (link, back = "30") => h("p", { class: "small older" }, "Of the whole history. ", h("a", { href: link }, `Only the last ${back} days`));
