/* The bigram on the reader's own text: counted, not trained, so every change shows at once. */
(function () {
  "use strict";
  const root = document.querySelector('[data-demo="bigram"]');
  if (!root) return;

  const MOST = 12, SOFT = 0.01, LENGTH = 60, FEW = 0.1;
  const START = {
    text: "the rain in the plain stays mainly in the plain, and then the train to the north stands in the rain again",
    seed: 1, token: null, guess: null, breaks: [], score: 0,
  };
  const BREAKS = {
    no_shift: "each character predicts itself",
    backwards: "each predicts the one before it",
    one_row: "all read the first row",
    likeliest: "nothing is drawn, the likeliest comes",
    stuck: "always reads the first character",
    no_max: "the largest score is not subtracted",
  };
  let now = { ...START };

  // The model, line for line as in bigram.py; Math.fround rounds to float32 as torch does.
  const f32 = Math.fround;
  const has = (name) => now.breaks.includes(name);

  function read(text) {
    const characters = Array.from(text.toLowerCase().replace(/\s+/g, " "));
    const counts = new Map();
    for (const c of characters) counts.set(c, (counts.get(c) || 0) + 1);
    const ranked = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || (a < b ? -1 : 1));
    const names = ranked.length > MOST ? [...ranked.slice(0, MOST - 1), "other"] : ranked;
    const id = (c) => (names.includes(c) ? names.indexOf(c) : names.length - 1);
    return { names, tokens: characters.map(id) };
  }

  function shift(tokens) {
    const inputs = tokens.slice(0, -1);
    const targets = has("no_shift") ? inputs : tokens.slice(1);
    return has("backwards") ? [targets, inputs] : [inputs, targets];
  }

  function pairs(inputs, targets, size, start) {
    const table = Array.from({ length: size }, () => Array(size).fill(start));
    inputs.forEach((a, at) => (table[a][targets[at]] += 1));
    return table;
  }

  const row = (token) => (has("one_row") ? 0 : token);
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const shares = (values) => values.map((v) => v / sum(values));

  function logSoftmax(scores) {
    const largest = Math.max(...scores);
    if (!has("no_max")) scores = scores.map((s) => f32(s - largest));
    const total = scores.reduce((all, s) => f32(all + f32(Math.exp(s))), 0);
    return scores.map((s) => f32(s - f32(Math.log(total))));
  }

  const surprise = (logs, inputs, targets) => -sum(inputs.map((a, at) => logs[row(a)][targets[at]])) / inputs.length;

  function random(seed) { // xorshift32
    let x = (Math.imul(seed, 2654435761) ^ 0x9e3779b9) >>> 0 || 1;
    return () => {
      x ^= x << 13; x ^= x >>> 17; x ^= x << 5;
      return (x >>> 0) / 4294967296;
    };
  }

  function sample(logs, start) {
    const draw = random(now.seed), said = [start];
    while (said.length < LENGTH) {
      const odds = logs[row(has("stuck") ? said[0] : said[said.length - 1])].map(Math.exp);
      if (!(Math.abs(sum(odds) - 1) < 0.01)) return null;
      let left = draw();
      const drawn = odds.findIndex((p) => (left -= p) < 0);
      const best = odds.indexOf(Math.max(...odds));
      said.push(has("likeliest") || drawn < 0 ? best : drawn);
    }
    return said;
  }

  function run() {
    const { names, tokens } = read(now.text);
    const real = pairs(tokens.slice(0, -1), tokens.slice(1), names.length, 0);
    const n = tokens.length - 1;
    const entropy = -sum(real.map((r) => sum(r.map((c) => (c ? (c / n) * Math.log(c / sum(r)) : 0)))));
    const [inputs, targets] = shift(tokens);
    const table = pairs(inputs.map(row), targets, names.length, SOFT);
    const logs = table.map((r) => logSoftmax(shares(r).map((p) => f32(Math.log(p) + now.score))));
    return {
      names, real, logs, entropy,
      token: now.token < names.length ? now.token ?? 0 : 0,
      reported: surprise(logs, inputs, targets),
      truth: surprise(logs, tokens.slice(0, -1), tokens.slice(1)),
      said: sample(logs, tokens[0]),
    };
  }

  // What broke is read off the numbers, not off the switches.
  function diagnosis(m) {
    if (!Number.isFinite(m.reported)) return "The loss is not a number: exp(" + now.score + ") has no value in float32.";
    const found = [];
    if (m.reported < m.entropy - FEW) found.push("The reported loss lies below the entropy: a target has leaked in.");
    if (m.reported > m.entropy + FEW) found.push("The reported loss stays above the entropy: context is lost.");
    if (m.truth > m.reported + FEW) found.push("The report hides something: the real next characters surprise the model far more.");
    if (m.said && wrong(m) > 0.15) found.push("The sample makes pairs that the text does not hold.");
    if (m.said && loops(m.said)) found.push("The sample runs in a circle.");
    return found.join(" ") || "Nothing that these numbers could see.";
  }
  const wrong = (m) => sum(m.said.slice(1).map((c, at) => (m.real[m.said[at]][c] ? 0 : 1))) / (LENGTH - 1);
  const loops = (said) => [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].some((k) => said.slice(20 + k).every((c, at) => c === said[20 + at]));

  // The page.
  const show = (c) => (c === " " ? "␣" : c);
  const digits = (x) => (Number.isFinite(x) ? x.toFixed(3) : "not a number");
  function make(name, attributes, ...inside) {
    const e = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) key in e ? (e[key] = value) : e.setAttribute(key, value);
    e.append(...inside);
    return e;
  }
  const set = (change) => { now = { ...now, ...change }; save(); render(); };

  const text = make("textarea", { rows: 3, maxLength: 2000, spellcheck: false });
  text.addEventListener("input", () => set({ text: text.value, token: null, guess: null }));
  const seed = make("input", { type: "number", min: 1, max: 9999 });
  seed.addEventListener("input", () => set({ seed: Math.max(1, seed.value | 0) }));
  const score = make("input", { type: "range", min: 0, max: 120, step: 1 });
  const size = make("output");
  score.addEventListener("input", () => set({ score: +score.value }));
  const boxes = Object.entries(BREAKS).map(([name, says]) => {
    const box = make("input", { type: "checkbox", value: name });
    box.addEventListener("change", () => set({ breaks: boxes.map((b) => b[0]).filter((b) => b.checked).map((b) => b.value) }));
    return [box, make("label", {}, box, make("code", {}, name), " " + says)];
  });
  const grid = make("div", { className: "grid", tabIndex: 0 });
  const guess = make("div", { tabIndex: -1 }), bars = make("div", { className: "bars" });
  const live = make("p", { "aria-live": "polite", className: "said" });
  const readout = make("dl"), speech = make("p", { className: "speech" }), broke = make("p", { "aria-live": "polite", className: "broke" });
  const copy = make("button", { type: "button" }, "copy link");
  copy.addEventListener("click", () => {
    const done = () => (copy.textContent = "copied"), not = () => (copy.textContent = "it is in the address bar");
    navigator.clipboard ? navigator.clipboard.writeText(location.href).then(done, not) : not();
  });
  const reset = make("button", { type: "button" }, "reset");
  reset.addEventListener("click", () => set(START));

  function table(m) {
    const most = Math.max(...m.real.flat());
    const head = make("tr", {}, make("td"), ...m.names.map((c) => make("th", { scope: "col" }, show(c))));
    const rows = m.real.map((counts, a) => {
      const pick = make("button", { type: "button", ariaPressed: String(a === m.token) }, show(m.names[a]));
      pick.addEventListener("click", () => { set({ token: a, guess: null }); grid.querySelectorAll("button")[a].focus(); });
      const cells = counts.map((c) => {
        const hidden = a === m.token && now.guess === null;
        return make("td", { style: "--heat:" + (hidden ? 0 : Math.round(70 * Math.sqrt(c / most))) }, hidden ? "?" : String(c || ""));
      });
      return make("tr", {}, make("th", { scope: "row" }, pick), ...cells);
    });
    return make("table", {}, make("caption", {}, "how often each character (row) is followed by each other (column)"), head, ...rows);
  }

  function predict(m) {
    const name = show(m.names[m.token]);
    const odds = m.logs[row(m.token)].map(Math.exp);
    if (now.guess === null) {
      const buttons = m.names.map((c, at) => {
        const b = make("button", { type: "button" }, show(c));
        b.addEventListener("click", () => { set({ guess: at }); guess.focus(); });
        return b;
      });
      guess.replaceChildren(make("p", {}, "What comes most often after “" + name + "”? Your guess: "), make("p", {}, ...buttons));
      bars.replaceChildren();
      live.textContent = "";
      return;
    }
    const percent = (p) => (100 * p).toFixed(0) + " %";
    const best = odds.indexOf(Math.max(...odds)), yours = now.guess < odds.length ? now.guess : 0;
    guess.replaceChildren(make("p", {}, "What the model expects after “" + name + "”:"));
    bars.replaceChildren(...odds.map((p, at) => make("div", { style: "--heat:" + 100 * (p || 0) }, make("span", {}, show(m.names[at])), make("i"), make("span", {}, percent(p)))));
    live.textContent = best < 0 ? "The odds are not numbers." : "You said “" + show(m.names[yours]) + "”: " + percent(odds[yours]) + ". The likeliest is “" + show(m.names[best]) + "”: " + percent(odds[best]) + ".";
  }

  function render() {
    if (text.value !== now.text) text.value = now.text;
    seed.value = now.seed; score.value = now.score; size.textContent = " " + now.score;
    for (const [box] of boxes) box.checked = has(box.value);
    if (read(now.text).tokens.length < 3) { broke.textContent = "Type at least three characters."; return; }
    const m = run();
    grid.replaceChildren(table(m));
    predict(m);
    const rows = [["entropy of the text: the best there is", m.entropy], ["loss the model reports", m.reported], ["loss at the real next characters", m.truth]];
    readout.replaceChildren(...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, digits(value))]));
    speech.textContent = m.said ? m.said.map((c) => (m.names[c] === "other" ? "·" : m.names[c])).join("") : "no sample: the odds are not numbers";
    broke.textContent = diagnosis(m);
  }

  // The address keeps the state: keys of this demo begin with its name, others are left alone.
  function save() {
    const all = new URLSearchParams(location.hash.slice(1));
    for (const key of Object.keys(START)) {
      const value = String(now[key] ?? "");
      value === String(START[key] ?? "") ? all.delete("bigram." + key) : all.set("bigram." + key, value);
    }
    history.replaceState(null, "", "#" + all);
  }
  function load() {
    const all = new URLSearchParams(location.hash.slice(1));
    const got = (key) => all.get("bigram." + key);
    const whole = (key, most) => (/^\d{1,4}$/.test(got(key) || "") ? Math.min(+got(key), most) : START[key]);
    now = {
      text: (got("text") ?? START.text).slice(0, 2000), seed: whole("seed", 9999), score: whole("score", 120),
      token: whole("token", MOST - 1), guess: whole("guess", MOST - 1),
      breaks: (got("breaks") || "").split(",").filter((name) => name in BREAKS),
    };
    render();
  }

  const style = `[data-demo=bigram] { & table { font-size: .78rem; width: 100% } & caption { font-style: italic; text-align: left }
    & :is(td, th) { border: 0; padding: 0; text-align: center; min-width: 1.5rem }
    & td { background: color-mix(in srgb, var(--demo) calc(var(--heat, 0) * 1%), transparent) }
    & th button { margin: 0; width: 100%; border-color: transparent }
    & .bars div { display: grid; grid-template-columns: 3.2rem 1fr 3rem; align-items: center }
    & .bars i { height: .7em; width: calc(var(--heat) * 1%); background: var(--demo) } }`;
  root.replaceChildren(
    make("style", {}, style),
    make("label", { className: "wide" }, "The text it learns from", text),
    make("div", {}, grid), make("div", {}, guess, bars, live),
    make("fieldset", {}, make("legend", {}, "Break it"), ...boxes.map((b) => b[1]), make("label", {}, "a number added to all scores:", size, score)),
    make("div", {}, readout, broke, make("label", {}, "a sample, seed ", seed), speech, copy, reset),
  );
  (window.__lab = window.__lab || {}).bigram = {
    state: () => { const m = run(); return { ...now, entropy: m.entropy, reported: m.reported, truth: m.truth, sample: m.said && m.said.map((c) => m.names[c]).join(""), broke: diagnosis(m) }; },
  };
  addEventListener("hashchange", load);
  load();
  root.dataset.ready = "true";
})();
