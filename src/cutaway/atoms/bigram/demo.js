/* The bigram on the reader's own text: counted, not trained, so every change shows at once. */
(function () {
  "use strict";
  const MOST = 12, SOFT = 0.01, LENGTH = 60, FEW = 0.1;
  const TEXT = "the rain in the plain stays mainly in the plain, and then the train to the north stands in the rain again";
  const BREAKS = {
    no_shift: "each character predicts itself",
    backwards: "each predicts the one before it",
    one_row: "all read the first row",
    likeliest: "nothing is drawn, the likeliest comes",
    stuck: "always reads the first character",
    no_max: "the largest score is not subtracted",
  };
  const { make, on, say, digits } = Lab;
  let lab, now; // `now` is the state that is computed.

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
      const best = odds.indexOf(Math.max(...odds));
      if (has("likeliest")) { said.push(best); continue; }
      if (!(Math.abs(sum(odds) - 1) < 0.01)) return null;
      let left = draw();
      const drawn = odds.findIndex((p) => (left -= p) < 0);
      said.push(drawn < 0 ? best : drawn);
    }
    return said;
  }

  function run(state) {
    now = state;
    const { names, tokens } = read(now.text);
    const real = pairs(tokens.slice(0, -1), tokens.slice(1), names.length, 0);
    const n = tokens.length - 1;
    const entropy = -sum(real.map((r) => sum(r.map((c) => (c ? (c / n) * Math.log(c / sum(r)) : 0)))));
    const [inputs, targets] = shift(tokens);
    const table = pairs(inputs.map(row), targets, names.length, SOFT);
    const logs = table.map((r) => logSoftmax(shares(r).map((p) => f32(Math.log(p) + now.score))));
    return {
      names, real, logs, entropy,
      token: now.token < names.length ? now.token : 0,
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
  const percent = (p) => (100 * p).toFixed(0) + " %";

  function build(made) {
    lab = made;
    const text = on(make("textarea", { rows: 3, maxLength: 2000, spellcheck: false }), "input", () => lab.set({ text: text.value, token: 0, guess: null }));
    const grid = Lab.heat("how often each character (row) is followed by each other (column)", (token) => lab.set({ token, guess: null }));
    const guess = lab.question("guess"), bars = make("div", { className: "bars" });
    const readout = make("dl"), speech = make("p", { className: "speech" }), broke = make("p", { "aria-live": "polite", className: "broke" });

    function table(m) {
      const most = Math.max(...m.real.flat());
      const hidden = (a) => a === m.token && lab.now.guess === null;
      const cells = (counts, a) => counts.map((c) => (hidden(a) ? ["?", 0] : [String(c || ""), Math.sqrt(c / most)]));
      grid.show(m.names.map(show), m.real.map((counts, a) => ({ name: show(m.names[a]), cells: cells(counts, a) })), m.token);
    }

    function predict(m) {
      const name = show(m.names[m.token]), odds = m.logs[row(m.token)].map(Math.exp), best = odds.indexOf(Math.max(...odds));
      const told = (yours) => "After “" + name + "” you said “" + show(m.names[yours]) + "”: " + percent(odds[yours]) + ". The likeliest is “" + show(m.names[best]) + "”: " + percent(odds[best]) + ".";
      guess.show("What comes most often after “" + name + "”? Your guess:", m.names.map(show), (yours) => (best < 0 ? "The odds are not numbers." : told(yours)));
      const bar = (p, at) => make("div", { style: "--heat:" + 100 * (p || 0) }, make("span", {}, show(m.names[at])), make("i"), make("span", {}, percent(p)));
      bars.replaceChildren(...(lab.now.guess === null ? [] : odds.map(bar)));
    }

    function render() {
      if (text.value !== lab.now.text) text.value = lab.now.text;
      if (read(lab.now.text).tokens.length < 3) return say(broke, "Type at least three characters.");
      const m = lab.numbers();
      table(m);
      predict(m);
      const rows = [["entropy of the text: the best there is", m.entropy], ["loss the model reports", m.reported], ["loss at the real next characters", m.truth]];
      readout.replaceChildren(...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, digits(value))]));
      say(speech, m.said ? m.said.map((c) => (m.names[c] === "other" ? "·" : m.names[c])).join("") : "no sample: the odds are not numbers");
      say(broke, diagnosis(m));
    }

    function state() {
      const m = lab.numbers();
      return { entropy: m.entropy, reported: m.reported, truth: m.truth, sample: m.said && m.said.map((c) => m.names[c]).join(""), broke: diagnosis(m) };
    }

    const score = lab.slider("score", (by) => "a number added to all scores: " + by);
    const parts = [
      make("label", { className: "wide" }, "The text it learns from", text),
      grid.node, make("div", {}, guess.node, bars),
      make("fieldset", {}, make("legend", {}, "Break it"), lab.switches(), score.node),
      make("div", {}, readout, broke, lab.entry("seed", "a sample, seed "), speech, lab.buttons),
    ];
    return { parts, render, state };
  }

  Lab.register("bigram", {
    keeps: {
      text: Lab.text(TEXT, 2000), seed: Lab.number(1, 1, 9999), score: Lab.number(0, 0, 120), token: Lab.number(0, 0, MOST - 1),
      guess: Lab.number(null, 0, MOST - 1), breaks: Lab.breaks(BREAKS),
    },
    style: `& .bars div { display: grid; grid-template-columns: 3.2rem 1fr 3rem; align-items: center }
      & .bars i { height: .7em; width: calc(var(--heat) * 1%); background: var(--demo) }`,
    numbers: run, build,
  });
})();
