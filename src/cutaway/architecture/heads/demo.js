/* Two trained models head by head, as recorded, and planted heads on the reader's own text: how they are scored. */
(function () {
  "use strict";
  const LONGEST = 16, TEXT = "abracadabra abra", LAYERS = [1, 2], EACH = [1, 2, 3, 4];
  const HEADS = LAYERS.flatMap((layer) => EACH.map((head) => layer + "." + head));
  const MODELS = ["text", "repeats"], SHOWN = ["taught Shakespeare’s letters", "taught letters that repeat", "planted heads on your text"];
  const PLANTED = ["at itself", "at the letter before", "at the same letter", "at what came after"];
  const [SELF, BEFORE, SAME, AFTER] = [0, 1, 2, 3];
  // Each break: the line of reading.py that it edits. All three may be wrong at once.
  const BREAKS = {
    self_for_previous: "the score for looking back one step counts what a letter gives itself",
    match_not_after: "the other score counts weight on the same letter, not on what came after it",
    unseen_counted: "letters that were never seen before count as missed",
  };
  const { make, draw, on, say, note, limit, digits } = Lab;
  const button = (says, does) => on(make("button", { type: "button" }, says), "click", does);
  let lab, at; // `at` is the state that is computed.

  // reading.py line for line, for one row of letters: a head's looks are T rows, of t + 1 shares each.
  const has = (name) => at.breaks.includes(name);
  const sum = (values) => values.reduce((a, b) => a + b, 0);

  function previous(looks) {
    const before = looks.slice(has("self_for_previous") ? 0 : 1).map((row, s) => row[s]);
    return sum(before) / before.length;
  }

  function induction(looks, letters) {
    const rows = looks.map((row, t) => {
      const earlier = row.map((_, s) => s < t && letters[s] === letters[t]);
      const after = has("match_not_after") ? earlier : [false, ...earlier];
      return { seen: earlier.some(Boolean), found: sum(row.map((share, s) => (after[s] ? share : 0))) };
    });
    const asked = has("unseen_counted") ? rows : rows.filter((row) => row.seen);
    return sum(rows.map((row) => (row.seen ? row.found : 0))) / asked.length;
  }

  /* Heads that were not learnt: each shares its weight evenly among the places that it is made for, or keeps it. */
  function planted(letters) {
    const wanted = (kind, t, s) => {
      if (kind === SELF) return s === t;
      if (kind === BEFORE) return s === t - 1;
      return letters[kind === SAME ? s : s - 1] === letters[t] && s < t + (kind === AFTER);
    };
    return PLANTED.map((_, kind) => letters.map((_, t) => {
      const those = letters.slice(0, t + 1).map((_, s) => wanted(kind, t, s)), many = sum(those.map(Number));
      return those.map((one, s) => (many ? one / many : Number(s === t)));
    }));
  }

  const scored = (heads, letters) => ({ before: heads.map(previous), after: heads.map((looks) => induction(looks, letters)) });
  function run(state) {
    at = state;
    const letters = Array.from(state.text);
    return scored(planted(letters), letters);
  }

  // What broke is read off the planted heads, of which one knows what they must score.
  function diagnosis({ before, after }) {
    const found = [], off = (x, due) => Math.abs(x - due) > 0.0005;
    const tell = (kind, score, due, what) => found.push("The planted head that looks " + PLANTED[kind] + " scores " + digits(score) + " for looking " + what + "; it must score " + due + ".");
    if (off(before[SELF], 0)) tell(SELF, before[SELF], 0, PLANTED[BEFORE]);
    if (off(before[BEFORE], 1)) tell(BEFORE, before[BEFORE], 1, PLANTED[BEFORE]);
    if (off(after[AFTER], 1)) tell(AFTER, after[AFTER], 1, PLANTED[AFTER]);
    if (after[SAME] > after[AFTER]) found.push("The planted head that looks at the same letter scores more for what came after than the one that looks there.");
    if (Number.isNaN(after[AFTER])) found.push("No letter comes twice: there is nothing to score.");
    return found.length ? found : ["The planted heads score what they must."];
  }

  // The recorded tables stand on the page, folded; nothing is typed here.
  function table(name) {
    const found = lab.buttons.getRootNode().querySelector("[data-table=" + name + "] table");
    if (!found) return null;
    const [[, ...columns], ...rows] = Array.from(found.rows, (row) => Array.from(row.cells, (cell) => cell.textContent));
    return { columns, rows };
  }
  // As the page writes numbers: a true minus, and powers of ten of what is small.
  const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const plain = (text) => Number(text.replace(/[−⁻]/g, "-").replace("×10", "e").replace(/[⁰¹²³⁴-⁹]/g, (c) => RAISED.indexOf(c)));
  function read(name) {
    const seen = table("looks_on_" + name), lost = table("loss_without_" + name), gone = name === "repeats" && table("looks_without");
    if (!seen || !lost) return null;
    const letters = [], heads = {};
    for (const { columns, rows } of [seen, gone || { columns: [], rows: [] }]) {
      for (const [pair, ...shares] of rows) {
        const [[t, letter], [s]] = pair.split(" ← ").map((one) => one.split(" "));
        letters[t - 1] = letter;
        columns.forEach((head, c) => (((heads[head] ??= [])[t - 1] ??= [])[s - 1] = plain(shares[c])));
      }
    }
    return { letters, heads, lost: Object.fromEntries(lost.rows.map(([which, ...found]) => [which, found.map(plain)])) };
  }
  const known = {};
  const model = () => MODELS[lab.now.shown] && (known[lab.now.shown] ??= read(MODELS[lab.now.shown]));

  const without = () => HEADS.filter((_, n) => (lab.now.gone >> n) & 1);
  const [loss, cost] = [0, 1].map((column) => (m, heads) => m.lost[heads.join(" ") || "none"][column]);
  /* Where a head looks: in the second layer as it was measured without one head of the first, if just one is gone. */
  function looksOf(m, head) {
    const first = without().filter((one) => one < "2");
    return (head > "2" && first.length === 1 && m.heads[head + "-" + first[0]]) || m.heads[head];
  }
  const moved = (m) => without().some((one) => one < "2") && looksOf(m, "2.1") === m.heads["2.1"];

  function told(guess) {
    const m = model(), best = HEADS.reduce((a, b) => (cost(m, [b]) > cost(m, [a]) ? b : a));
    return "You said " + HEADS[guess] + ": without it the loss rises by " + digits(cost(m, [HEADS[guess]])) + " nats. Dearest alone is " + best + ": " + digits(cost(m, [best])) + ". Now remove some.";
  }
  function verdict(m) {
    const gone = without();
    if (!gone.length) return "With all heads the loss is " + digits(loss(m, gone), 2) + " nats a letter.";
    const together = cost(m, gone), apart = sum(gone.map((one) => cost(m, [one])));
    const more = gone.length > 1 ? " One by one they cost " + digits(apart) + " in sum: " + (together > apart + 0.0005 ? "together more." : together < apart - 0.0005 ? "together less." : "together as much.") : "";
    const where = moved(m) ? " Where layer 2 looks was not measured without these: it is shown as in the whole model." : "";
    return "Without " + gone.join(", ") + " the loss is " + digits(loss(m, gone), 2) + " nats, " + digits(together) + " more than with all." + more + where;
  }

  // The page. A card for each head: rows ask, columns are seen; below, the same for the letter that asks now.
  const shown = (letter) => (letter === " " ? "␣" : letter);
  const ask = (token) => { if (token !== lab.now.token) lab.set({ token }); };

  function card(n) {
    const title = make("strong"), cells = draw("g"), row = draw("rect", { x: 0, height: 1, class: "asked" });
    const map = draw("svg", { role: "img" }, cells, row), strip = make("div", { className: "under", ariaHidden: "true" }), says = note("");
    const remove = button("remove", () => lab.set({ gone: lab.now.gone ^ (1 << n) }));
    const node = make("div", { className: "head" }, title, map, strip, says, remove);
    let drawn;
    on(map, "pointermove", (event) => {
      const box = map.getBoundingClientRect();
      ask(limit(Math.floor(((event.clientY - box.top) / box.height) * drawn.length), 0, drawn.length - 1));
    });
    function build(looks, letters) {
      drawn = looks;
      map.setAttribute("viewBox", "0 0 " + letters.length + " " + letters.length);
      row.setAttribute("width", letters.length);
      cells.replaceChildren(...looks.flatMap((some, t) => some.map((share, s) => draw("rect", { x: s, y: t, width: 1, height: 1, "fill-opacity": 0.05 + 0.95 * share }))));
      strip.replaceChildren(...letters.map((one) => make("span", {}, shown(one))));
      strip.style.gridTemplateColumns = "repeat(" + letters.length + ", 1fr)";
    }
    function show({ name, looks, letters, score, t, gone, price }) {
      if (looks !== drawn) build(looks, letters);
      say(title, name + (gone ? ", removed" : ""));
      map.setAttribute("aria-label", name + ": each row a letter that asks, each column a letter that is seen");
      row.setAttribute("y", t);
      Array.from(strip.children).forEach((one, s) => one.style.setProperty("--heat", Math.round(55 * (looks[t][s] || 0))));
      const most = looks[t].indexOf(Math.max(...looks[t]));
      say(says, "most at " + (most + 1) + " " + shown(letters[most]) + ", " + Math.round(100 * looks[t][most]) + " %. Before " + digits(score[0], 2) + ", after " + digits(score[1], 2) + (price || "") + ".");
      for (const one of [map, strip]) one.classList.toggle("off", Boolean(gone));
      remove.hidden = price === undefined;
      remove.disabled = price === "";
      say(remove, gone ? "put back" : "remove");
      remove.setAttribute("aria-label", remove.textContent + " " + name);
    }
    return { node, show };
  }

  function build(made) {
    lab = made;
    const choices = SHOWN.map((says, n) => button(says, () => lab.set({ shown: n, guess: null, gone: 0, token: LONGEST - 1 })));
    const own = on(make("textarea", { rows: 1, maxLength: LONGEST, spellcheck: false }), "input", () => lab.set({ text: own.value }));
    const typed = make("label", {}, "Your text, at most " + LONGEST + " letters", own), typing = make("div"), letters = make("div", { className: "letters" });
    const slider = lab.slider("token", (t) => "the letter that asks: " + (t + 1)), guess = lab.question("guess");
    const cards = HEADS.map((_, n) => card(n)), grid = make("div", { className: "grid" }), broke = Lab.findings();
    const result = make("p", { "aria-live": "polite", className: "broke" }), missing = note("The recorded heads stand in the article; planted heads work here, too.");
    let asked = "";

    function letterRow(all, t) {
      if (asked !== all.join("")) letters.replaceChildren(...all.map((one, n) => on(button(shown(one), () => ask(n)), "pointerenter", () => ask(n))));
      asked = all.join("");
      Array.from(letters.children).forEach((one, n) => { one.tabIndex = -1; one.setAttribute("aria-pressed", n === t); });
    }

    function render() {
      at = lab.now;
      const m = model(), all = m ? m.letters : Array.from(lab.now.text), t = limit(lab.now.token, 0, all.length - 1);
      choices.forEach((one, n) => one.setAttribute("aria-pressed", n === lab.now.shown));
      if (Boolean(m) === typing.contains(typed)) typing.replaceChildren(...(m ? [] : [typed]));
      missing.hidden = Boolean(m) || lab.now.shown === 2;
      if (own.value !== lab.now.text) own.value = lab.now.text;
      if (all.length < 2) return say(result, "Type at least two letters.");
      const probes = planted(all), heads = m ? HEADS.map((head) => looksOf(m, head)) : probes, scores = scored(heads, all);
      letterRow(all, t);
      slider.input.max = all.length - 1;
      const name = (n) => (m ? "head " + HEADS[n] : "looks " + PLANTED[n]), open = lab.now.guess !== null;
      const price = (n) => (m ? (open ? ", costs " + digits(cost(m, [HEADS[n]])) : "") : undefined);
      heads.forEach((looks, n) => cards[n].show({ name: name(n), looks, letters: all, score: [scores.before[n], scores.after[n]], t, gone: m && (lab.now.gone >> n) & 1, price: price(n) }));
      if (grid.children.length !== heads.length) grid.replaceChildren(...cards.slice(0, heads.length).map((one) => one.node));
      guess.node.hidden = !m;
      if (m) guess.show("Guess, and heads can be removed: which one costs this model most?", HEADS, told);
      say(result, m ? verdict(m) : "Planted heads: what each must score is known.");
      broke.show(diagnosis(scored(probes, all)));
    }
    const state = () => ({ planted: lab.numbers(), result: result.textContent });
    const parts = [
      make("div", { className: "wide" }, make("p", {}, ...choices), missing, typing, letters, slider.node, guess.node),
      make("fieldset", { className: "wide" }, grid, note("A card is a head: each row a letter that asks, each column a letter that is seen, dark where the weight is. Point at a row, or move the slider. Before: its mean weight on the letter before. After: on what came after this letter’s earlier sights."), result),
      make("fieldset", { className: "wide" }, make("legend", {}, "Break the scores"), lab.switches(), broke.node),
      lab.buttons,
    ];
    return { parts, render, state };
  }

  Lab.register("heads", {
    keeps: {
      shown: Lab.one([0, 1, 2]), text: Lab.text(TEXT, LONGEST), token: Lab.number(LONGEST - 1, 0, LONGEST - 1), gone: Lab.number(0, 0, 255),
      guess: Lab.number(null, 0, HEADS.length - 1), breaks: Lab.breaks(BREAKS),
    },
    style: `& .grid { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 1.2rem 1rem; margin-bottom: .6rem }
      @media (max-width: 46rem) { & .grid { grid-template-columns: repeat(2, minmax(0, 1fr)) } }
      & .head svg { margin: .2rem 0; border: 1px solid var(--line) } & .head g { fill: var(--demo) } & .asked { fill: none; stroke: currentColor; stroke-width: .12 }
      & .under { display: grid; font: .68rem/1.5 var(--mono); text-align: center } & .under span { background: color-mix(in srgb, var(--demo) calc(var(--heat, 0) * 1%), transparent) }
      & .head .soft { font-size: .8rem; margin: .2rem 0 .3rem } & .letters { font-family: var(--mono) } & [hidden][hidden] { display: none }`,
    numbers: run, build,
  });
})();
