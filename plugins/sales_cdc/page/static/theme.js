// Follow Airflow's light or dark theme when the page is inside Airflow, and the system's theme otherwise.
(() => {
  const root = document.documentElement;
  const outer = () => {
    try {
      return window.parent === window ? null : window.parent.document.documentElement;
    } catch {
      return null; // a page of another origin embeds this one
    }
  };
  const chosen = () => {
    const airflow = outer();
    if (airflow?.classList.contains("dark")) return "dark";
    if (airflow?.classList.contains("light")) return "light";
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  };
  const follow = () => {
    const theme = chosen();
    if (root.dataset.theme === theme) return;
    root.dataset.theme = theme;
    dispatchEvent(new Event("theme"));
  };
  follow();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", follow);
  const airflow = outer();
  if (airflow) new MutationObserver(follow).observe(airflow, { attributes: true, attributeFilter: ["class"] });
})();
