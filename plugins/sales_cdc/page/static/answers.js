// Fetch an answer, show a skeleton, the trouble or the value, and fetch again while the page is visible.
import { isPaused, watch } from "./clock.js";
import { h, fill, time } from "./dom.js";

const PAUSE = 100;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Gone extends Error {}

/** Fetch one answer: {value, trouble, age_seconds, is_loading}. 202 means that the server is still loading it. */
export const ask = async (path, stopped = () => false) => {
  for (let pause = PAUSE; ; pause = Math.min(pause * 1.5, 2000)) {
    const answer = await fetch(path, { headers: { Accept: "application/json" }, credentials: "same-origin" }).catch(() => null);
    if (stopped()) throw new Gone();
    if (answer?.status === 200) return answer.json();
    if (answer?.status !== 202) return { value: null, trouble: await refused(answer) };
    await wait(pause);
    if (stopped()) throw new Gone();
  }
};

const refused = async (answer) => {
  if (!answer) return trouble("Airflow does not answer", "The api-server may be restarting.", "This page tries again by itself.");
  if (answer.status === 401) return trouble("You are not logged in any more", "", "Reload the page and log in.");
  if (answer.status === 403) return trouble("You may not see this", "", "Ask for the right to read the DAG sales_cdc_batch.");
  const detail = await answer.json().then((body) => body.detail, () => "");
  return trouble("The server did not understand the request", typeof detail === "string" ? detail : "", "Change your search.");
};
const trouble = (title, reason, remedy) => ({ kind: "failed", title, reason, remedy });

export const skeleton = (lines = 3) =>
  h("div", { class: "skeleton", role: "status" }, h("span", { class: "sr" }, "Loading …"),
    Array.from({ length: lines }, () => h("span", { class: "bone", "aria-hidden": "true" })));

export const troubleBox = ({ kind, title, reason, remedy }, again) =>
  h("div", { class: `trouble ${kind}`, role: kind === "empty" ? null : "alert" },
    h("p", { class: "title" }, title),
    reason && h("p", { class: "reason" }, reason),
    remedy && h("p", null, remedy),
    again && kind !== "empty" && h("button", { type: "button", class: "quiet", onclick: again }, "Try again"));

/** One place of the page, filled from one path, and again `every` so many seconds while the page is visible. */
export class Place {
  constructor(element, render, { every = 0, lines = 3, troubled = () => null } = {}) {
    Object.assign(this, { element, render, every, lines, troubled, turn: 0, shown: "", path: null, at: 0 });
    watch(this);
  }

  show(path) {
    if (path !== this.path) {
      this.path = path;
      this.shown = "";
      this.at = 0;
      this.element.classList.remove("old");
      fill(this.element, skeleton(this.lines));
    }
    this.run();
  }

  stop() {
    this.turn += 1;
    clearTimeout(this.timer);
  }

  async run() {
    this.stop();
    const turn = this.turn;
    const stopped = () => turn !== this.turn;
    try {
      const answer = await ask(this.path, stopped);
      if (typeof answer.age_seconds === "number") this.at = Date.now() - answer.age_seconds * 1000;
      this.draw(answer);
      dispatchEvent(new Event("answered"));
      if (isPaused()) return;
      const again = answer.is_loading ? 1 : answer.trouble && answer.trouble.kind !== "empty" ? Math.max(this.every, 10) : this.every;
      if (again) this.timer = setTimeout(() => { if (document.hidden) this.later(turn); else if (!isPaused()) this.run(); }, again * 1000);
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    }
  }

  later(turn) {
    document.addEventListener("visibilitychange", () => turn === this.turn && this.run(), { once: true });
  }

  draw({ value, trouble: found }) {
    const shown = JSON.stringify([value, found]);
    if (shown === this.shown) return; // the same answer moves nothing and keeps the focus
    this.shown = shown;
    if (value === null || value === undefined) {
      const boxed = troubleBox(found, () => this.run());
      fill(this.element, this.troubled(found, boxed) ?? boxed);
      return;
    }
    const open = new Set([...this.element.querySelectorAll("details[open] > summary")].map((each) => each.textContent));
    fill(this.element, found && notice(found), this.render(value));
    for (const summary of this.element.querySelectorAll("details > summary")) {
      if (open.has(summary.textContent)) summary.parentElement.open = true;
    }
  }
}

/** Say when Athena was asked and by which run; an answer to a batch gets a button that asks again. */
export const asked = ({ asked_at, run_id }, again) => [
  asked_at && (run_id ? `From the batch ${run_id}, asked at ${time(asked_at)} UTC. ` : `Asked at ${time(asked_at)} UTC. `),
  run_id && h("button", { type: "button", class: "quiet", onclick: again }, "Ask again now"),
];

const notice = ({ title, reason }) => h("p", { class: "notice", role: "status" }, `${title}: these are earlier figures. ${reason}`);
