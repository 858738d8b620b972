/* A served page follows the book: it loads again once that was built anew, and says what keeps it from being built. */
(function () {
  "use strict";
  const OFTEN = 1000, RARELY = 5000; // milliseconds between two looks; rarely while nobody answers
  const BAR = "position:fixed;left:0;right:0;bottom:0;z-index:1000;display:flex;gap:1rem;align-items:flex-start;" +
    "padding:.75rem 1rem;background:#7a1414;color:#fff;font:14px/1.5 system-ui,sans-serif";
  const TEXT = "flex:1;min-width:0;margin:0;max-height:30vh;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere;" +
    "background:none;color:inherit;font:13px/1.5 ui-monospace,monospace";
  const PUSH = "flex:none;min-height:32px;padding:.25rem .75rem;border:1px solid #fff;border-radius:4px;" +
    "background:none;color:inherit;font:inherit;cursor:pointer";
  const mine = document.currentScript.dataset.build;
  let shown = "", bar = null, waiting = 0;

  function make(name, style, text) {
    const e = document.createElement(name);
    e.style.cssText = style;
    e.textContent = text;
    return e;
  }
  function show(error) {
    if (error === shown) return; // one that was dismissed stays so until there is another
    shown = error;
    if (bar) bar.remove();
    bar = null;
    if (!error) return;
    bar = make("div", BAR, "");
    bar.setAttribute("role", "alert");
    const text = make("pre", TEXT, "Not built: this is the last good page.\n" + error);
    const push = make("button", PUSH, "Dismiss");
    text.tabIndex = 0;
    push.type = "button";
    push.addEventListener("click", () => { bar.remove(); bar = null; });
    bar.append(text, push);
    document.body.append(bar);
  }
  async function look() {
    clearTimeout(waiting);
    let next = OFTEN;
    try {
      const state = await (await fetch("/-/state", { cache: "no-store" })).json();
      if (state.build !== mine) return location.reload();
      show(state.error);
    } catch {
      next = RARELY;
    }
    if (!document.hidden) waiting = setTimeout(look, next);
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  look();
})();
