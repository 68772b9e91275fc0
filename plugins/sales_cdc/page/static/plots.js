// Load plotly.js: preload it when the page opens on a tab with plots, and start it when a plot needs it.
(() => {
  const root = document.documentElement;
  let fetched;
  window.plotly = () => {
    fetched ??= new Promise((resolve, reject) => {
      // maplibre, a part of plotly, adds a style element, which the security policy forbids, unless it finds this element.
      const known = document.createElement("meta");
      known.id = "9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53";
      const script = document.createElement("script");
      script.src = root.dataset.plotly;
      script.addEventListener("load", () => resolve(window.Plotly));
      script.addEventListener("error", () => { fetched = undefined; reject(new Error("plotly.js did not load")); });
      document.head.append(known, script);
    });
    return fetched;
  };
  if (/^#(flow|changes|insights|trust)|^$/.test(location.hash)) {
    const ahead = document.createElement("link");
    Object.assign(ahead, { rel: "preload", as: "script", href: root.dataset.plotly, fetchPriority: "low" });
    document.head.append(ahead);
  }
})();
