// Start a run of a DAG: what it does, what it costs and whether the DAG is paused are said before it is confirmed.
import { h, fill } from "./dom.js";
import { ask } from "./answers.js";
import { post } from "./post.js";

/** A button that opens the confirmation below it; `label` says what it does. */
export const startButton = (name, label = "Start", { quiet = true } = {}) => {
  const place = h("div", { class: "confirm", hidden: true });
  const button = h("button", { type: "button", class: quiet ? "quiet" : null, "aria-expanded": "false", onclick: async () => {
    const opens = place.hidden;
    place.hidden = !opens;
    button.setAttribute("aria-expanded", String(opens));
    if (!opens) return;
    fill(place, h("p", { class: "muted", role: "status" }, "Counting what it costs …"));
    const { value, trouble } = await ask(`api/start/${name}`);
    fill(place, value ? confirmation(name, value, () => button.click()) : h("p", { class: "notice" }, `${trouble.title}. ${trouble.reason} ${trouble.remedy}`));
    place.querySelector("button")?.focus();
  } }, label);
  return h("div", { class: "starter" }, button, place);
};

const confirmation = (name, plan, close) => {
  const said = h("p", { class: "said", role: "status" });
  const unpause = plan.is_paused && h("input", { type: "checkbox" });
  const start = h("button", { type: "button", disabled: !plan.is_known, onclick: async () => {
    start.disabled = true;
    said.textContent = "Starting …";
    const { answered, problem } = await post(`api/start/${name}`, { up_to_dollars: plan.up_to_dollars, unpause: Boolean(unpause?.checked) });
    if (answered) fill(said, `Started ${answered.dag_id}, run ${answered.run_id}. `, answered.link && h("a", { href: answered.link, target: "_top" }, "Open the run"), answered.is_paused ? " The DAG is paused: unpause it to begin the run." : "");
    else said.textContent = problem;
    start.disabled = Boolean(answered);
  } }, "Start the run");
  return [
    h("p", null, plan.what),
    plan.dag_id === "sales_cdc_setup" && h("p", null, "What it makes costs something for each day that it stands, also without a change; the amount is for one day."),
    h("p", null, plan.is_local ? `On the local cloud it costs nothing; on AWS about ${plan.cost}.` : `It costs about ${plan.cost} at AWS's list prices, and you confirm up to $${plan.up_to_dollars}.`),
    plan.is_running && h("p", null, "A run of it is under way: this one begins after it."),
    !plan.is_known && h("p", null, `Airflow does not know ${plan.dag_id} yet.`),
    plan.is_paused && h("p", null, h("label", null, unpause, ` ${plan.dag_id} is paused: unpause it, too. Otherwise the run waits.`)),
    h("div", { class: "row act" }, start, h("button", { type: "button", class: "quiet", onclick: close }, "Cancel"), said),
  ];
};
