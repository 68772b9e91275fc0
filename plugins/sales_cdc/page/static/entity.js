// What the page calls the declared entity, and how it shows one of its items in a line.
import { exact, plural } from "./dom.js";

export const entity = JSON.parse(document.body.dataset.entity);
export const counted = (count) => plural(count, entity.one, entity.many);
export const article = /^[aeiou]/.test(entity.one) ? "an" : "a";

/** The values of a key: an id is the key's text, or a JSON array of its two parts. */
export const label = (id) => {
  if (!entity.is_pair) return id;
  try {
    return JSON.parse(id).join(" · ");
  } catch {
    return id;
  }
};
export const brief = (id) => (entity.is_pair ? label(id) : id.slice(0, 8));
export const value = (field, values) => {
  const text = values?.[field.name];
  if (text === null || text === undefined) return "–";
  return field.is_number ? exact(String(text)) : String(text);
};

const AMOUNTS = new Set(entity.is_orders && entity.currency ? ["price", "revenue", "lowest_price", "highest_price"] : []);
/** What comes after an amount: its currency, if that is known. */
export const unit = entity.currency ? ` ${entity.currency}` : "";
/** Head a column of a row, an amount with its currency. */
export const heading = (name, title = name.replaceAll("_", " ")) => `${title}${AMOUNTS.has(name) ? ` (${entity.currency})` : ""}`;

/** The first fields of an item in a line; an order reads as people say it. */
export const summary = (values) => {
  if (!entity.is_orders) return entity.fields.map((field) => value(field, values)).filter((text) => text !== "–").join(", ") || "–";
  const { product_name: product, quantity, price } = values ?? {};
  return [product ?? "–", quantity !== null && quantity !== undefined && ` × ${exact(String(quantity))}`, price && ` at ${exact(String(price))}${unit}`].filter(Boolean).join("");
};
