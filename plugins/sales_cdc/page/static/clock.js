// Say how old the figures on the page are, grey those that are too old, and stop asking for new ones while paused.
import { duration } from "./dom.js";

const places = new Set();
const said = document.getElementById("updated");
const button = document.getElementById("pause");
let paused = false;

export const isPaused = () => paused;
/** Let a place be counted from now on. */
export const watch = (place) => places.add(place);

/** A figure is old when it was not renewed for three of its own turns. */
const isOld = (place) => Date.now() - place.at > Math.max(3 * place.every, 15) * 1000;
const isShown = (place) => place.element.isConnected && place.element.offsetParent !== null;

const tick = () => {
  const shown = [...places].filter((place) => place.at && isShown(place));
  for (const place of shown) place.element.classList.toggle("old", place.every > 0 && isOld(place));
  const oldest = Math.min(...shown.map((place) => place.at));
  said.textContent = shown.length ? `${paused ? "Paused, updated" : "Updated"} ${duration(Math.max(0, Math.round((Date.now() - oldest) / 1000)))} ago` : "";
  button.hidden = !shown.some((place) => place.every);
};

button.addEventListener("click", () => {
  paused = !paused;
  button.textContent = paused ? "Resume" : "Pause";
  button.setAttribute("aria-pressed", String(paused));
  tick();
  if (!paused) for (const place of places) if (place.path && isShown(place)) place.run();
});
setInterval(tick, 1000);
addEventListener("answered", tick);
