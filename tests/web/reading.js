/* What the tests ask of a page. Each is called by name and answers with plain data. */
({
  /* What axe finds that is serious or critical, or of contrast alone, judged at one element of each look. */
  async findings(contrastAlone) {
    const shown = (e) => e.checkVisibility({ visibilityProperty: true });
    const written = (e) => Array.from(e.childNodes).some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
    function paper(e) {
      for (let at = e; at; at = at.parentElement) {
        const colour = getComputedStyle(at).backgroundColor;
        if (!/^rgba\(.*, 0\)$/.test(colour)) return colour;
      }
      return "";
    }
    const looks = new Map();
    for (const e of document.body.querySelectorAll("*")) {
      if (!written(e) || e.closest("svg, math, script, style") || !shown(e)) continue;
      const s = getComputedStyle(e);
      const look = [e.tagName, e.className, s.color, paper(e), s.fontSize, s.opacity].join();
      if (!looks.has(look)) looks.set(look, e);
    }
    const say = (found) => found.violations.filter((v) => ["serious", "critical"].includes(v.impact))
      .flatMap((v) => v.nodes.map((n) => v.id + ": " + n.target.join(" ") + ": " + n.html.slice(0, 120)));
    const quiet = { preload: false, resultTypes: ["violations"], elementRef: false };
    const rest = contrastAlone ? { violations: [] } : await axe.run(document, { ...quiet, rules: { "color-contrast": { enabled: false } } });
    const contrast = await axe.run([...looks.values()], { ...quiet, runOnly: ["color-contrast"] });
    return [...say(rest), ...say(contrast)];
  },

  /* Why the page scrolls sideways, if it does: what sticks out furthest. */
  wide() {
    const [all, seen] = [document.documentElement.scrollWidth, document.documentElement.clientWidth];
    if (all <= seen) return [];
    const over = (e) => e.getBoundingClientRect().right > seen + 0.5;
    const kept = (e) => e && ((getComputedStyle(e).overflowX !== "visible" && !over(e)) || kept(e.parentElement));
    const out = Array.from(document.body.querySelectorAll("*")).filter((e) => over(e) && !kept(e.parentElement));
    return [`${all} wide in ${seen}: ${out.slice(0, 3).map((e) => e.outerHTML.slice(0, 80)).join(" | ")}`];
  },

  /* The texts that no one can come to read without scripts: neither at first, nor with everything opened. */
  unread(except) {
    const texts = [], walker = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) if (walker.currentNode.data.trim()) texts.push(walker.currentNode);
    const seen = new Set();
    const look = () => texts.forEach((t) => { if (t.parentElement.checkVisibility({ visibilityProperty: true, opacityProperty: true })) seen.add(t); });
    look();
    for (const e of document.querySelectorAll("details")) { e.removeAttribute("name"); e.open = true; }
    look();
    const lost = texts.filter((t) => !seen.has(t) && !t.parentElement.closest(except));
    const blank = Array.from(document.querySelectorAll(".drawing svg")).filter((e) => e.getBoundingClientRect().height < 40);
    const title = document.querySelector("h1, noscript")?.innerText.trim() ? [] : ["no title"];
    return [...title, ...blank.map((e) => e.outerHTML.slice(0, 80)), ...lost.map((t) => t.data.trim().slice(0, 80))];
  },

  /* What the control panel shows. */
  panel() {
    const shown = (e) => e.checkVisibility({ visibilityProperty: true });
    const lines = (listing) => Array.from(listing.querySelectorAll(":is(.code, .spot) > code"));
    const name = (e) => e.closest(".listing").getAttribute("aria-label") + ":" + (lines(e.closest(".listing")).indexOf(e) + 1);
    const struck = lines(document).filter((e) => getComputedStyle(e).textDecorationLine.includes("line-through"));
    const figures = {};
    for (const e of document.querySelectorAll("[data-measured]")) {
      const prefix = e.dataset.lab + "-" + e.dataset.name + "-series-";
      const series = Array.from(e.querySelectorAll("g[id]")).filter((g) => g.id.startsWith(prefix));
      const named = (some) => some.map((g) => decodeURIComponent(g.id.slice(prefix.length))).sort();
      const dim = (g) => +getComputedStyle(g).opacity < 0.5;
      const faint = (+getComputedStyle(e.querySelector(".drawing")).opacity) < 0.5;
      figures[e.dataset.name] = {
        says: shown(e.querySelector(".unmeasured")) ? e.querySelector(".unmeasured").innerText : "", faint,
        beside: Array.from(e.querySelectorAll(".beside")).some(shown),
        lit: named(series.filter((g) => !dim(g))), dim: named(series.filter(dim)),
        text: Array.from(e.querySelectorAll("svg text"), (t) => t.textContent).join("\n"),
      };
    }
    const fault = new URLSearchParams(location.hash.slice(1)).get("fault");
    return {
      fault, figures,
      open: Array.from(document.querySelectorAll("details.fault[open]"), (e) => e.id),
      struck: struck.map(name),
      fresh: Array.from(document.querySelectorAll(".fault > code")).filter(shown).map((e) => e.textContent.replace("\n", "")),
      numbers: Array.from(document.querySelectorAll(".looked-up"), (e) => ({ text: e.textContent, follows: JSON.parse(e.dataset.follows ?? "null") })),
      live: document.querySelector(".break-bar .live").textContent,
      choice: document.querySelector(".break-bar select").value,
    };
  },

  /* The controls of a demo that can be moved, marked with their number. */
  controls(name) {
    const root = document.querySelector(`[data-demo="${name}"]`);
    const all = Array.from(root.querySelectorAll("input, select, textarea, button, svg [role=button]"));
    all.forEach((e, at) => e.setAttribute("data-control", at));
    return all.map((e) => ({ tag: e.tagName.toLowerCase(), type: e.getAttribute("type") || "", pressed: e.getAttribute("aria-pressed") === "true" }));
  },

  /* What a demo shows beside its own control: its state, its text and drawing, what is read aloud. */
  demo(name, control) {
    const root = document.querySelector(`[data-demo="${name}"]`);
    const own = root.querySelector(`[data-control="${control}"]`)?.closest("label");
    const mark = (e) => e.setAttribute("data-own", "");
    if (own) mark(own);
    const copy = root.cloneNode(true);
    if (own) own.removeAttribute("data-own");
    copy.querySelectorAll("[data-own], style").forEach((e) => e.remove());
    for (const e of [copy, ...copy.querySelectorAll("*")]) for (const a of ["aria-pressed", "data-control"]) e.removeAttribute(a);
    const state = window.__lab[name].state();
    const said = Object.fromEntries(Object.entries(state).map(([key, value]) => [key, JSON.stringify(value, (_, x) => (typeof x === "number" ? String(x) : x))]));
    return { state: said, shown: copy.innerHTML, live: Array.from(root.querySelectorAll("[aria-live]"), (e) => e.textContent) };
  },
})
