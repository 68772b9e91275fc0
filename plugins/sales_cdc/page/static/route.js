// Read and write the page's address: #part?name=value. Each tab, range, filter and order has one, so that it can be linked to.

const decoded = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** The address as {part, values}; an order's former address, #orders/asked/id, is understood. */
export const route = (hash = location.hash) => {
  const [path, query = ""] = hash.slice(1).split(/\?(.*)/s);
  const [part, ...rest] = path.split("/");
  const values = new URLSearchParams(query);
  if (part === "orders") {
    for (const [at, name] of ["q", "id"].entries()) if (rest[at] && !values.has(name)) values.set(name, decoded(rest[at]));
  }
  return { part, values };
};

/** The address of a part with these values; what is empty is left out. */
export const address = (part, values = {}) => {
  const named = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined));
  return `#${part}${named.size ? `?${named}` : ""}`;
};

export const orderAddress = (id) => address("orders", { id });
