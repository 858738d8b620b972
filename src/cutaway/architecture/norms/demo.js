/* One token in both norms, the bends as curves, and twelve layers with a norm or without. */
(function () {
  "use strict";
  const C = 16, F = 64, T = 8, DEPTH = 12, EPSILON = 1e-5, LEAST = -12, BINS = 25;
  const NEXT = [0.4, -1.2, 2, 0.3], OTHER = [-2, 1, 0, 3]; // the token that follows, and another
  const BENDS = ["gelu", "gelu_tanh", "silu", "relu"], TWO = ["LayerNorm", "RMSNorm"], HEADS = ["x1", "x2", "x3", "x4", "mean", "size"];
  // Each break: the lines of norms.py and activations.py that it edits, and what it does.
  const BREAKS = {
    no_centre: ["centre", "LayerNorm: the mean stays"],
    mean_over_tokens: ["mean", "LayerNorm: the mean over tokens"],
    size_over_text: ["power", "LayerNorm: one size for all tokens"],
    one_fewer: ["power", "LayerNorm: squares are divided by n − 1"],
    no_division: ["divide", "LayerNorm: not divided by the size"],
    no_epsilon: ["epsilon", "LayerNorm: no epsilon"],
    large_epsilon: ["epsilon", "LayerNorm: an epsilon of 1"],
    centred_input: ["single", "RMSNorm: the mean is taken away"],
    variance: ["squares", "RMSNorm: the size around the mean"],
    size_over_tokens: ["squares", "RMSNorm: the size over tokens"],
    no_root: ["by", "RMSNorm: divided by the size squared"],
    multiplied: ["by", "RMSNorm: times the size"],
    epsilon_outside: ["by added", "RMSNorm: epsilon is added to the root"],
    early_gain: ["squares added by gain", "RMSNorm: the gain comes first"],
    gain_plus_one: ["gain", "RMSNorm: each gain is one more"],
    gain_of_zero: ["first", "RMSNorm: gains begin at zero"],
    no_root_of_two: ["share", "gelu: a narrower normal distribution"],
    swapped_constants: ["cube tanh", "gelu_tanh: its constants exchanged"],
    squared_inside: ["cube", "gelu_tanh: squared, not cubed"],
    share_alone: ["times", "gelu_tanh: the share alone"],
    sigmoid_alone: ["logistic", "silu: the share alone"],
    inverted: ["hold", "relu: what is negative passes"],
  };
  const { make, draw, on, say, note, heat, limit, digits } = Lab;
  const { abs, sqrt, max, exp, floor, log2, tanh } = Math;
  let lab, at; // `at` is the state that is computed: the one shown, or another one asked about.
  const has = (name) => at.breaks.includes(name), quiet = () => {};
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  const power = (values) => mean(values.map((v) => v * v)), size = (values) => sqrt(power(values));
  const each = (rows, of) => rows.map((row, t) => row.map((v, c) => of(v, t, c)));
  const columns = (rows) => rows[0].map((_, c) => rows.map((row) => row[c]));
  const apart = (one, other) => max(...one.map((v, c) => abs(v - other[c])));
  const centred = (row) => { const by = mean(row); return row.map((v) => v - by); };

  // norms.py line for line, on the tokens of a text; `told` hears of each new x.
  function layerNorm(x, gains, told) {
    const now = (says, next) => told(says, (x = next));
    now("given", x);
    const over = has("mean_over_tokens"), means = (over ? columns(x) : x).map(mean);
    if (!has("no_centre")) now("− mean", each(x, (v, t, c) => v - means[over ? c : t]));
    const few = has("one_fewer") ? gains.length / (gains.length - 1) : 1, text = power(x.flat());
    const added = has("large_epsilon") ? 1 : has("no_epsilon") ? 0 : EPSILON;
    const sizes = x.map((row) => sqrt((has("size_over_text") ? text : few * power(row)) + added));
    if (!has("no_division")) now("÷ size", each(x, (v, t) => v / sizes[t]));
    now("× gain", each(x, (v, t, c) => v * gains[c]));
    now("+ bias", x);
    return x;
  }

  function rmsNorm(x, gains, told) {
    const now = (says, next) => told(says, (x = next));
    const gain = () => now("× gain", each(x, (v, t, c) => v * (gains[c] + has("gain_plus_one"))));
    has("centred_input") ? now("− mean", x.map(centred)) : now("given", x);
    if (has("early_gain")) gain();
    const over = has("size_over_tokens"), powers = (over ? columns(x) : has("variance") ? x.map(centred) : x).map(power);
    const root = has("no_root") ? (p) => p : sqrt, turn = has("multiplied") ? -1 : 1;
    const by = powers.map((p) => (has("epsilon_outside") ? sqrt(p) + EPSILON : root(p + EPSILON) ** turn));
    now("÷ size", each(x, (v, t, c) => v / by[over ? c : t]));
    if (!has("early_gain")) gain();
    return x;
  }
  const norms = [layerNorm, rmsNorm, (x) => x], first = (which) => +!(which === 1 && has("gain_of_zero"));

  // activations.py line for line.
  function erfc(z) {
    if (abs(z) > 6) return z > 0 ? 0 : 2;
    let term = z, total = z;
    for (let n = 1; abs(term) > 1e-16 * abs(total); n++) total += term *= (2 * z * z) / (2 * n + 1);
    return 1 - (2 / sqrt(Math.PI)) * exp(-z * z) * total;
  }
  function byTanh(x) {
    const swapped = has("swapped_constants"), k = sqrt(2 / Math.PI), cubed = has("squared_inside") ? x * x : x * x * x;
    const share = (1 + tanh((swapped ? 0.044715 : k) * (x + (swapped ? k : 0.044715) * cubed))) / 2;
    return has("share_alone") ? share : x * share;
  }
  const bends = [
    (x) => (x * erfc(has("no_root_of_two") ? -x : -x / Math.SQRT2)) / 2,
    byTanh,
    (x) => (has("sigmoid_alone") ? 1 : x) / (1 + exp(-x)),
    (x) => ((has("inverted") ? x >= 0 : x <= 0) ? 0 : x),
  ];
  const LINE = Array.from({ length: 49 }, (_, n) => (n - 24) / 6);

  /* The first numbers of a stack: six even draws make one that is nearly normal, of size one. */
  let kept = {}, known = {};
  function drawn(seed) {
    if (kept.seed === seed) return kept;
    let x = (Math.imul(seed, 2654435761) ^ 0x9e3779b9) >>> 0 || 1;
    const even = () => { x ^= x << 13; x ^= x >>> 17; x ^= x << 5; return (x >>> 0) / 4294967296; };
    const one = () => Math.SQRT2 * (even() + even() + even() + even() + even() + even() - 3);
    const some = (length, of) => Array.from({ length }, of), table = (rows, wide) => some(rows, () => some(wide, one));
    known = {};
    return (kept = { seed, x: table(T, C), layers: some(DEPTH, () => [table(F, C), table(C, F)]) });
  }
  const through = (rows, matrix, by) => rows.map((row) => matrix.map((m) => {
    let all = 0;
    for (let c = 0; c < m.length; c++) all += row[c] * m[c];
    return by * all;
  }));
  const bin = (v) => limit(floor(log2(max(abs(v), 1e-30))) - LEAST, 0, BINS - 1);

  function layers() {
    const { x, layers } = drawn(at.draw), wide = 2 ** at.spread, gains = Array(C).fill(first(at.norm));
    const norm = (rows) => norms[at.norm](rows, gains, quiet);
    let stream = x;
    return layers.map(([widen, narrow]) => {
      const hidden = through(at.place ? stream : norm(stream), widen, wide / sqrt(C));
      const found = through(each(hidden, bends[at.bend]), narrow, wide / sqrt(F));
      stream = each(stream, (v, t, c) => v + found[t][c]);
      if (at.place) stream = norm(stream);
      const all = hidden.flat(), shares = Array(BINS).fill(0);
      for (const v of all) if (Number.isFinite(v)) shares[bin(v)] += 1 / all.length;
      const silent = columns(hidden).filter((one) => one.every((v) => v <= 0)).length / F;
      return { stream: size(stream.flat()), hidden: size(all), silent, shares };
    });
  }
  function stack() {
    drawn(at.draw);
    return (known[[at.norm, at.place, at.bend, at.spread, at.breaks]] ??= layers());
  }

  /* One token in a norm: each x, the answer, and how far it moves with the token's length, a shift, and the next token. */
  function token(which, told = quiet) {
    const mine = at.x.map((v) => 2 ** at.times * (v + at.shift)), gains = mine.map((_, c) => (c ? first(which) : at.gain));
    const answer = (row, next, told = quiet) => norms[which]([row, next], gains, told)[0];
    const steps = [], out = answer(mine, NEXT, (says, x) => { steps.push(x[0]); told(says); });
    const far = (row, next) => apart(answer(row, next), out);
    return { steps, out, doubled: far(mine.map((v) => 2 * v), NEXT), shifted: far(mine.map((v) => v + 1), NEXT), heard: far(mine, OTHER) };
  }
  function run(state) {
    at = state;
    return { LayerNorm: token(0), RMSNorm: token(1), curves: bends.map((bend) => LINE.map(bend)), stack: stack() };
  }
  const intact = (state) => run({ ...state, breaks: [] });

  // What broke is read off the numbers, not off the switches; what they cannot show, a comparison does.
  const short = (x) => (Number.isFinite(x) && (abs(x) >= 1e4 || (abs(x) < 1e-3 && abs(x) > 1e-12)) ? x.toExponential(1).replace("e+", "e") : digits(x, 2));
  function diagnosis(m, clean) {
    const found = [];
    for (const name of TWO) {
      const { out, heard, doubled, shifted } = m[name];
      const tell = (by, least, says) => by > least && found.push(name + says + short(by) + ".");
      if (!out.every(Number.isFinite)) found.push(name + ": no finite answer.");
      tell(heard, 1e-6, ": a leak. The next token changes this one's answer by ");
      tell(doubled, 0.02, ": a token twice as long has another answer, by ");
      tell(shifted, name === TWO[0] ? 1e-6 : 1 / 0, ": a number added to all changes the answer by ");
      tell(apart(out, clean[name].out), 1e-4, " differs from an intact one by up to ");
    }
    BENDS.forEach((name, b) => {
      const off = apart(m.curves[b], clean.curves[b]);
      if (off > 1e-4) found.push(name + " differs from an intact one by up to " + short(off) + ".");
    });
    const lost = m.stack.findIndex((one) => !Number.isFinite(one.stream)), by = m.stack[DEPTH - 1].stream / m.stack[0].stream;
    if (lost >= 0) found.push("Twelve layers: no finite stream from layer " + (lost + 1) + " on.");
    else if (by > 100) found.push("Twelve layers: the stream grows " + short(by) + " times.");
    return found.length ? found : ["Nothing that these numbers could see."];
  }

  const ANSWERS = ["not at all", "up to 10 times", "10 to 1,000 times", "more than 1,000 times"];
  function told(guess) {
    const { stack } = intact({ ...lab.now, norm: 2, spread: 1 }), by = stack[DEPTH - 1].stream / stack[0].stream;
    const right = [1.05, 10, 1000, Infinity].findIndex((most) => by <= most);
    return "You said: " + ANSWERS[guess] + ". These numbers say: " + ANSWERS[right] + " (" + short(by) + "). Now pull the width.";
  }

  // The page. Points are moved up and down; beside each is what either norm makes of it.
  const line = (x1, x2, y1, y2, name) => draw("line", { x1, x2, y1, y2, class: name });
  function plane() {
    const node = draw("svg", { viewBox: "-10 -85 340 185", role: "group", "aria-label": "a token, and what norms make of it" });
    const parts = NEXT.map((_, c) => {
      const x = 30 + 80 * c, there = (_, y) => lab.set({ x: lab.now.x.map((v, n) => (n === c ? Lab.snap(y, -4, 4, 0.1) : v)) });
      const grip = Lab.movable({ plane: node, unit: 20, step: 0.1, here: () => [0, lab.now.x[c]], there, shapes: [draw("circle", { r: 10, class: "end" })] });
      const all = ["stroke", "thick", "thick other"].map((name, n) => line(x + 18 * n, x + 18 * n, 0, 0, name));
      node.append(...all, grip, draw("text", { x, y: 97 }, "x" + (c + 1)));
      return (m) => {
        const y = lab.now.x[c], ends = [y, m.LayerNorm.out[c], m.RMSNorm.out[c]];
        all.forEach((one, n) => one.setAttribute("y2", -20 * limit(ends[n] || 0, -4, 4)));
        grip.setAttribute("transform", "translate(" + x + " " + -20 * y + ")");
        grip.setAttribute("aria-label", "x" + (c + 1) + ": " + digits(y, 1) + " up");
      };
    });
    node.prepend(line(0, 320, 0, 0, "axis"));
    return { node, show: (m) => parts.forEach((show) => show(m)) };
  }

  function curves() {
    const node = draw("svg", { viewBox: "0 0 340 90", role: "img", "aria-label": "the bends between −4 and 4" });
    const lines = BENDS.map((name, b) => {
      const curve = draw("polyline", { class: "stroke" }), x = 44 + 84 * b;
      node.append(line(x - 36, x + 36, 60, 60, "axis"), line(x, x, 10, 72, "axis"), curve, draw("text", { x, y: 86 }, name));
      return (ys) => curve.setAttribute("points", ys.map((y, n) => x + 9 * LINE[n] + "," + (60 - 12 * y)).join(" "));
    });
    return { node, show: (m) => lines.forEach((show, b) => show(m.curves[b])) };
  }

  /* A histogram a layer; behind it the same without breaks. */
  function histograms() {
    const node = draw("svg", { viewBox: "0 0 340 300", role: "img" });
    const word = (x, y, says) => node.appendChild(draw("text", { x, y }, says));
    const rows = Array.from({ length: DEPTH }, (_, l) => {
      const y = 22 + 22 * l, [ghost, bar] = ["ghost", "bar"].map((name) => draw("path", { class: name }));
      node.append(line(38, 288, y, y, "axis"), ghost, bar);
      word(18, y - 4, l + 1);
      const size = word(315, y - 4, ""), one = (share, k) => "M" + (38 + 10 * k) + " " + y + "v" + -60 * limit(share, 0, 0.35) + "h9V" + y + "z";
      return (m, clean) => {
        [[bar, m], [ghost, clean]].forEach(([path, { stack }]) => path.setAttribute("d", stack[l].shares.map(one).join("")));
        say(size, short(m.stack[l].stream));
      };
    });
    [[18, "layer"], [50, "2⁻¹²"], [163, "1"], [276, "2¹²"], [315, "stream"]].forEach(([x, says]) => word(x, 298, says));
    return { node, show: (m, clean) => rows.forEach((show) => show(m, clean)) };
  }

  function build(made) {
    lab = made;
    const guess = lab.question("guess"), points = plane(), bent = curves(), flows = histograms(), broke = Lab.findings();
    const tables = TWO.map((name) => heat(name + ", line by line")), flow = make("p", { "aria-live": "polite" });
    const choices = Object.entries({ norm: [...TWO, "none"], place: ["before each layer", "after each layer"], bend: BENDS }).map(([key, names]) => {
      const input = on(make("select", {}, ...names.map((name, value) => make("option", { value }, name))), "change", () => lab.set({ [key]: +input.value }));
      return { key, input, node: make("label", {}, key + " ", input) };
    });

    function render() {
      const clean = intact(lab.now), m = lab.numbers(), a = m.stack[0], b = m.stack[DEPTH - 1];
      const names = [[], []].map((some, which) => { token(which, (says) => some.push(says)); return some; });
      const cells = (row) => [...row, mean(row), size(row)].map((v, n) => [short(v), n < 4 ? abs(v) / 4 : 0]);
      TWO.forEach((name, which) => tables[which].show(HEADS, m[name].steps.map((row, n) => ({ name: names[which][n], cells: cells(row) }))));
      guess.show("Guess, and the slider opens: weights twice as wide as usual and no norm. How much does the stream grow from first layer to last?", ANSWERS, told);
      for (const one of choices) one.input.value = lab.now[one.key];
      spread.input.disabled = lab.now.guess === null;
      for (const one of [points, bent, flows]) one.show(m, clean);
      const from = (key) => short(a[key]) + " in the first layer, " + short(b[key]) + " in the last";
      say(flow, "Size of the stream: " + from("stream") + ". Given to the bend: " + from("hidden") + ", where " + digits(100 * b.silent, 0) + " % are silent.");
      flows.node.setAttribute("aria-label", "Histograms by layer. " + flow.textContent);
      broke.show(diagnosis(m, clean));
    }
    const state = () => { const clean = intact(lab.now), m = lab.numbers(); return { ...m, broke: diagnosis(m, clean) }; };
    const times = (k) => (k < 0 ? "1/" : "") + 2 ** abs(k);
    const spread = lab.slider("spread", (k) => "width of the weights, times " + times(k)), title = (says) => make("strong", {}, says);
    const parts = [
      make("div", {}, title("One token"), points.node, lab.slider("shift", (by) => "added to all: " + digits(by, 1)).node,
        lab.slider("times", (k) => "then all times " + times(k)).node, lab.slider("gain", (g) => "gain of x1: " + digits(g, 1)).node,
        note("Drag a point, or focus it and press the arrow keys. Beside it: LayerNorm's answer, and paler RMSNorm's. Another token follows.")),
      make("div", {}, ...tables.map((one) => one.node), bent.node),
      make("div", { className: "wide" }, title("Twelve layers"), guess.node),
      make("div", {}, ...choices.map((one) => one.node), spread.node, lab.entry("draw", "seed "), flow,
        note(T + " tokens of width " + C + ", untrained, no heads: a layer adds what two matrices and a bend make of a token. Silent: positive for no token.")),
      make("div", {}, flows.node, note("What the bend is given, by powers of two; grey: without breaks.")),
      make("fieldset", { className: "wide" }, make("legend", {}, "Break it"), lab.switches(), broke.node,
        note("The other breaks need halves, a batch, gradients or training: see the listing.")),
      lab.buttons,
    ];
    return { parts, render, state };
  }

  Lab.register("norms", {
    keeps: {
      x: Lab.numbers([2.4, -0.6, 1.5, 0.3], -4, 4, 0.1), shift: Lab.number(0, -5, 5, 0.5), times: Lab.number(0, -12, 6), gain: Lab.number(1, 0, 3, 0.1),
      norm: Lab.number(0, 0, 2), place: Lab.number(0, 0, 1), bend: Lab.number(0, 0, 3), spread: Lab.number(0, -3, 3), draw: Lab.number(1, 1, 9999),
      guess: Lab.number(null, 0, 3), breaks: Lab.breaks(BREAKS),
    },
    style: `& svg { max-width: 30rem; margin: 0 auto .6rem } & .thick { stroke: var(--demo); stroke-width: 10 } & .other { opacity: .45 }
      & polyline { fill: none } & .bar { fill: var(--demo); opacity: .85 } & .ghost { opacity: .25 } & select { min-height: 32px; font: inherit; color: inherit; background: var(--paper) }`,
    numbers: run, build,
  });
})();
