// Send what the user decided, with the token that proves that this page asks.
const token = document.querySelector("meta[name=page-token]").content;

/** Post a document as JSON: {answered} when it was done, else {problem}, a sentence. */
export const post = async (path, document = {}) => {
  const headers = { "Content-Type": "application/json", "X-Sales-CDC-Token": token };
  const answer = await fetch(path, { method: "POST", credentials: "same-origin", headers, body: JSON.stringify(document) }).catch(() => null);
  const answered = await answer?.json().catch(() => null);
  if (answer?.ok) return { answered };
  return { problem: typeof answered?.detail === "string" ? answered.detail : "Airflow does not answer. Try again." };
};
