// Fetches plotly.js: at once where the page opens with plots; it is started when they are asked for.
(() => {
  const root = document.documentElement;
  let fetched;
  window.plotly = () => {
    fetched ??= new Promise((resolve, reject) => {
      // maplibre, inside plotly, would add a style element, which the security policy forbids; it takes this for its own.
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
  if (/^#(changes|insights|trust)/.test(location.hash)) {
    const ahead = document.createElement("link");
    Object.assign(ahead, { rel: "preload", as: "script", href: root.dataset.plotly });
    document.head.append(ahead);
  }
})();
