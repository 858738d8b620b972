/* Predict, then reveal: a guess before each result, the score of all guesses, labs done, and the quiz that skips one.
   What is kept stays in this browser, under one key, and nothing that is found there is trusted. */
(function () {
  "use strict";
  const STORE = "cutaway.book", VERSION = 1;
  const LEVELS = [50, 60, 70, 80, 90], SUREST = 99, FEWEST_ASKED = 3, MOST_ASKED = 5;
  const WAYS = ["lower", "higher", "same"];
  const LAB = /^[\w-]{1,80}$/, KEY = /^[\w-]{1,80}\/[0-9a-f]{12}$/;

  /* The key of a guess: a result that was measured again is another question. */
  const key = (one) => one.lab + "/" + one.digest;
  function factor(amount, size) {
    const found = Math.max(amount / size, size / amount);
    return amount > 0 && size > 0 && Number.isFinite(found) ? found : null;
  }

  /* A guess as it is kept: scored once, when it is made. The amount counts where the direction was right. */
  function guess(one, way, sure, amount) {
    const right = way === one.way, given = way !== "same" && amount > 0 && Number.isFinite(amount) ? amount : null;
    return { way, sure, amount: given, right, factor: right ? factor(given, one.size) : null };
  }

  const mean = (all) => (all.length ? all.reduce((sum, x) => sum + x, 0) / all.length : null);
  const brier = (guesses) => mean(guesses.map((g) => (g.sure / 100 - (g.right ? 1 : 0)) ** 2));
  function bins(guesses) {
    return LEVELS.map((from, at) => {
      const to = at + 1 < LEVELS.length ? LEVELS[at + 1] - 1 : SUREST;
      const inside = guesses.filter((g) => g.sure >= from && g.sure <= to);
      return { from, to, n: inside.length, right: inside.filter((g) => g.right).length };
    });
  }
  function median(all) {
    const sorted = [...all].sort((a, b) => a - b), half = sorted.length >> 1;
    if (!sorted.length) return null;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
  function score(guesses) {
    const factors = guesses.map((g) => g.factor).filter((f) => f !== null);
    const right = guesses.filter((g) => g.right).length;
    return { n: guesses.length, right, brier: brier(guesses), amounts: factors.length, factor: median(factors) };
  }

  /* A quiz asks what was not guessed yet before what was; four of five must be right, and luck must not do. */
  const chosen = (all, known) => [...all.filter((one) => !known(one)), ...all.filter(known)].slice(0, MOST_ASKED);
  const enough = (n) => Math.ceil((4 * n) / 5);

  const isGuess = (g) =>
    g !== null && typeof g === "object" && WAYS.includes(g.way) && typeof g.right === "boolean" &&
    Number.isInteger(g.sure) && g.sure >= LEVELS[0] && g.sure <= SUREST &&
    (g.amount === null || (Number.isFinite(g.amount) && g.amount > 0)) &&
    (g.factor === null || (Number.isFinite(g.factor) && g.factor >= 1));
  /* What a stored text says, without whatever is not as this page would have written it. */
  function read(text) {
    let data = null;
    try { data = JSON.parse(text); } catch { /* as good as absent */ }
    if (data?.version !== VERSION) data = null;
    const guesses = Object.entries(data?.guesses ?? {}).filter(([name, g]) => KEY.test(name) && isGuess(g));
    const done = (Array.isArray(data?.done) ? data.done : []).filter((lab) => typeof lab === "string" && LAB.test(lab));
    return { guesses: new Map(guesses), done: new Set(done) };
  }
  const written = (kept) =>
    JSON.stringify({ version: VERSION, guesses: Object.fromEntries(kept.guesses), done: [...kept.done] });

  const within = (f) => String(Math.ceil(f * 10 - 1e-9) / 10);
  /* What is said when a guess meets the result. */
  function told(one, g) {
    const amount = g.amount === null ? "" : `, by about ${g.amount}${one.unit && " " + one.unit}`;
    const close = g.factor === null ? "" : `; your amount was within a factor of ${within(g.factor)}`;
    const verdict = (g.right ? "Right" : "Wrong") + close;
    return `You said: ${one.ways[g.way]}${amount} (${g.sure} % sure).\nMeasured: ${one.measured}.\n${verdict}.`;
  }
  function summary(guesses) {
    const s = score(guesses);
    if (!s.n) return "No guesses yet.";
    const scale = "0 is perfect, always saying 50 % scores 0.25";
    const half = s.amounts ? ` Half of your amounts were within a factor of ${within(s.factor)}.` : "";
    return `${s.right} of ${s.n} guesses right; Brier score ${s.brier.toFixed(2)} (${scale}).${half}`;
  }

  const core = { key, factor, guess, brier, bins, median, score, chosen, enough, read, written, told, summary };
  if (typeof module !== "undefined") module.exports = core;
  if (typeof document === "undefined") return;

  /* What is kept, here or, where the browser refuses, until the page is left. */
  let page = null;
  function load() {
    if (page !== null) return read(page);
    try { return read(localStorage.getItem(STORE)); } catch { return read((page = "")); }
  }
  function change(does) {
    const kept = load();
    does(kept);
    const text = written(kept);
    try { localStorage.setItem(STORE, text); } catch { page = text; }
    refresh();
  }
  const views = [];
  const refresh = () => { const kept = load(); views.forEach((view) => view(kept)); };

  function make(name, attributes, ...inside) {
    const e = document.createElement(name);
    for (const [at, value] of Object.entries(attributes || {})) at in e ? (e[at] = value) : e.setAttribute(at, value);
    e.append(...inside);
    return e;
  }
  const say = (e, text) => { if (e.textContent !== text) e.textContent = text; };
  function button(says, does, attributes) {
    const e = make("button", { type: "button", ...attributes }, says);
    e.addEventListener("click", does);
    return e;
  }
  /* The ways that an answer can go, as one native group. */
  function ways(one, name, title) {
    const radio = (way) => make("input", { type: "radio", name, value: way, required: true });
    const choice = (way) => make("label", {}, radio(way), " " + one.ways[way]);
    return make("fieldset", {}, make("legend", {}, title), ...WAYS.map(choice));
  }

  function form(one, name, commit) {
    const shown = make("output");
    const sure = make("input", { type: "range", min: LEVELS[0], max: SUREST, value: LEVELS[0] });
    const tell = () => { say(shown, sure.value + " %"); sure.setAttribute("aria-valuetext", sure.value + " %"); };
    sure.addEventListener("input", tell);
    tell();
    const amount = make("input", { type: "number", min: 0, step: "any" });
    const size = make("label", {}, `Roughly by how much${one.unit && ", in " + one.unit}? (may stay empty) `, amount);
    const e = make("form", {}, ways(one, name, "Your guess"), make("label", {}, "How sure? ", shown, sure), size,
      make("button", { type: "submit" }, "Commit"));
    e.addEventListener("change", () => { amount.disabled = e.elements[name].value === "same"; });
    e.addEventListener("submit", (event) => {
      event.preventDefault();
      commit(guess(one, e.elements[name].value, +sure.value, +amount.value));
    });
    return e;
  }

  /* What follows a question, or several in a row, up to the next heading, section or question. */
  function following(section) {
    const found = [], asks = ":has(> section[data-predict])", ends = "section, h1, h2, h3, h4, h5, h6, " + asks;
    const frame = section.parentElement.matches(".cutaway") ? section.parentElement : section;
    let e = frame.nextElementSibling;
    while (e && e.matches(asks)) e = e.nextElementSibling;
    for (; e && !e.matches(ends); e = e.nextElementSibling) found.push(e);
    return found;
  }
  const holding = new Map(); // how many questions hold a part back
  function hold(part, by) {
    holding.set(part, (holding.get(part) || 0) + by);
    part.classList.toggle("predict-hidden", holding.get(part) > 0);
  }

  function question(section) {
    const measured = section.lastElementChild.lastElementChild.textContent.replace(/^Measured: |\.$/g, "");
    const one = { ...JSON.parse(section.dataset.predict), measured, section, skip, covers };
    const after = following(section), asked = form(one, section.id + "-way", commit);
    const result = make("p", { className: "predict-result", tabIndex: -1, "aria-live": "polite" });
    const bar = make("p", { className: "predict-bar" }, "What was measured is hidden: commit a guess first, or ",
      button("show it anyway", () => { skip(); result.focus(); }));
    function reveal(text) {
      asked.remove();
      bar.remove();
      after.forEach((e) => hold(e, -1));
      say(result, text);
    }
    function skip() {
      reveal(`Measured: ${one.measured}. Not scored.`);
    }
    function commit(g) {
      change((kept) => kept.guesses.set(key(one), g));
      reveal(`${told(one, g)}\nSo far: ${summary([...load().guesses.values()])}`);
      result.focus();
    }
    function covers(target) {
      return bar.isConnected && after.some((e) => e.contains(target));
    }
    section.querySelector("details").hidden = true;
    section.append(asked, bar, result);
    after.forEach((e) => hold(e, 1));
    const before = load().guesses.get(key(one));
    if (before) reveal(told(one, before));
    return one;
  }

  function calibration(root) {
    const line = make("p", { "aria-live": "polite" }), body = make("tbody");
    const heads = ["how sure", "guesses", "right"].map((text) => make("th", { scope: "col" }, text));
    const table = make("table", {}, make("caption", {}, "How often you were right, by how sure you were"),
      make("thead", {}, make("tr", {}, ...heads)), body);
    const share = (bin) => (bin.n ? Math.round((100 * bin.right) / bin.n) + " %" : "–");
    const row = (bin) => make("tr", {}, make("th", { scope: "row" }, `${bin.from}–${bin.to} %`),
      make("td", {}, String(bin.n)), make("td", {}, share(bin)));
    const forget = button("Forget my guesses", () => change((kept) => kept.guesses.clear()));
    root.replaceChildren(line, table, forget);
    views.push((kept) => {
      const guesses = [...kept.guesses.values()];
      say(line, `${summary(guesses)} Kept only ${page === null ? "in this browser" : "until you leave this page"}.`);
      table.hidden = !guesses.length;
      body.replaceChildren(...bins(guesses).map(row));
    });
  }

  function quiz(lab, all) {
    const asked = chosen(all, (one) => load().guesses.has(key(one))), needed = enough(asked.length);
    const name = (one) => one.section.id + "-quiz";
    const text = (one) => one.section.querySelector(".predict-asks").textContent;
    const questions = make("form", {}, ...asked.map((one) => ways(one, name(one), text(one))),
      make("button", { type: "submit" }, "Check"));
    const result = make("p", { tabIndex: -1, "aria-live": "polite" }), missed = make("ul");
    const title = make("h2", { id: "quiz-title" }, "Skip " + lab + " by quiz");
    const rule = make("p", {}, `${needed} of ${asked.length} right mark the lab as done.`);
    const parts = [title, rule, questions, result, missed, button("Close", () => dialog.close())];
    const dialog = make("dialog", { className: "predict-quiz", "aria-labelledby": title.id }, ...parts);
    questions.addEventListener("submit", (event) => {
      event.preventDefault();
      const wrong = asked.filter((one) => questions.elements[name(one)].value !== one.way);
      const right = asked.length - wrong.length;
      if (right >= needed) change((kept) => kept.done.add(lab));
      const then = right >= needed ? `${lab} is marked as done.` : `${needed} are needed.`;
      say(result, `${right} of ${asked.length} right: ${then}${wrong.length ? " Read what these ask:" : ""}`);
      const link = (one) => make("a", { href: "#" + one.section.id }, text(one));
      missed.append(...wrong.map((one) => make("li", {}, link(one))));
      missed.addEventListener("click", (event) => { if (event.target.matches("a")) dialog.close(); });
      questions.remove();
      rule.remove();
      result.focus();
    });
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  function progress(root, asked) {
    const lab = root.dataset.progress, own = asked.filter((one) => one.lab === lab);
    const toggle = (kept) => { if (!kept.done.delete(lab)) kept.done.add(lab); };
    const mark = button("Mark as done", () => change(toggle));
    root.replaceChildren(mark, ...(own.length >= FEWEST_ASKED ? [button("Skip by quiz", () => quiz(lab, own))] : []));
    views.push((kept) => mark.setAttribute("aria-pressed", kept.done.has(lab)));
  }

  function link(e) {
    const mark = make("span", { className: "lab-done" }, make("span", { "aria-hidden": "true" }, " ✓"), " done");
    views.push((kept) => { kept.done.has(e.dataset.labLink) ? e.append(mark) : mark.remove(); });
  }

  /* An address that leads to what is hidden shows it. */
  function follow(asked) {
    let target = null;
    try { target = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { /* no address */ }
    for (const one of target ? asked.filter((one) => one.covers(target)) : []) {
      one.skip();
      target.scrollIntoView();
    }
  }

  function start() {
    const root = document.documentElement.dataset, all = (selector) => [...document.querySelectorAll(selector)];
    if (root.predictReady) return;
    root.predictReady = "true";
    const asked = all("section[data-predict]").map(question);
    all("[data-calibration]").forEach(calibration);
    all("[data-progress]").forEach((e) => progress(e, asked));
    all("[data-lab-link]").forEach(link);
    addEventListener("hashchange", () => follow(asked));
    addEventListener("storage", refresh);
    refresh();
    follow(asked);
  }
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", start) : start();
})();
