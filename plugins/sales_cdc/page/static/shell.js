// Keep the address of Airflow's own window like that of this page inside it: a link and a reload lead to the same tab, range and order.

const outer = () => {
  try {
    return window.parent !== window && window.parent.location.origin === location.origin ? window.parent : null;
  } catch {
    return null; // a page of another origin embeds this one
  }
};
const shell = outer();
const prefix = document.body.dataset.parts.split(" ");
const isOurs = (hash) => prefix.includes(hash.slice(1).split(/[/?]/)[0]);

/** Open what the address of Airflow's window names, unless this page's own address names something. */
export const adopt = () => {
  if (shell && !location.hash && isOurs(shell.location.hash)) history.replaceState(history.state, "", shell.location.hash);
};

/** Let Airflow's window have this page's address. */
export const tell = () => {
  if (shell && location.hash && shell.location.hash !== location.hash) {
    shell.history.replaceState(shell.history.state, "", `${shell.location.pathname}${shell.location.search}${location.hash}`);
  }
};

/** Open a link that leaves this page in Airflow's window: its frame may not do so by itself. */
export const leaveByShell = () => shell && document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[target=_top]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const own = shell.document.createElement("a");
  own.href = link.href;
  shell.document.body.append(own);
  own.click();
  own.remove();
});
if (shell) shell.addEventListener("hashchange", () => {
  if (isOurs(shell.location.hash) && shell.location.hash !== location.hash) location.hash = shell.location.hash;
});
