/* Four tokens with arrows for queries and keys: drag them, read the weights, break the lines of `attend`. */
(function () {
  "use strict";
  const TOKENS = [0, 1, 2, 3], REACH = 3, UNIT = 50, LEAST = -3.4028234663852886e38, WIDEST = 256;
  const QUERIES = [-0.5, -1.3, -0.4, 1.2, 2, -0.8, 0.7, 0.9], KEYS = [1.9, 0.6, -1.4, 1.6, 1.2, -1.8, -1.9, -0.7];
  // Each break: the lines of attention.py that it edits, and what it does. Two edits of one line exclude each other.
  const BREAKS = {
    no_scale: ["scale", "the scores are not divided by √d"],
    squared_scale: ["scale", "they are divided by d"],
    uniform: ["scale", "they are multiplied by 0"],
    coarse_scores: ["scores", "the scores keep three digits, as bfloat16 does"],
    no_mask: ["fill", "nothing is hidden"],
    late_mask: ["fill softmax", "hidden weights become 0 after the softmax"],
    mask_10: ["fill", "hidden scores become −10, not −∞"],
    mask_5: ["fill", "hidden scores become −5"],
    mask_3: ["fill", "hidden scores become −3"],
    mask_1: ["fill", "hidden scores become −1"],
    inverted_mask: ["hidden", "what may be seen is hidden, the rest is not"],
    mask_ahead: ["causal", "s ≤ t + 1: the next token is seen too"],
    mask_behind: ["causal", "s < t: no token sees itself"],
    wrong_axis: ["softmax", "columns become shares of one, not rows"],
    no_softmax: ["softmax", "the scores are the weights"],
    linear_scores: ["softmax", "the same, hidden ones 0, divided by how many are seen"],
    softmax_twice: ["softmax", "shares of shares"],
    frozen_weights: ["softmax", "no gradient passes the weights"],
    swapped: ["query key", "keys ask, queries answer"],
    values_from_keys: ["value", "the key's first number is mixed instead"],
    keys_late: ["late", "each token is found by the key of the one before it"],
    key_dropped: ["scores", "the first token's key is empty: zeros"],
  };
  const FINITE = ["mask_10", "mask_5", "mask_3", "mask_1"];
  const { make, draw, say, note, heat, limit, snap, digits } = Lab;
  let lab, at; // `at` is the state that is computed: the one shown, or another one asked about.

  // attention.py line for line: one head of one row, so (T, S) for (B, H, T, S). `round` is float32's, as torch does.
  const has = (name) => at.breaks.includes(name);
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const exact = (x) => x;
  const bits = new Uint32Array(1), float = new Float32Array(bits.buffer);
  function coarse(x) { // bfloat16: the upper half of a float32, rounded to even
    float[0] = x;
    bits[0] = (bits[0] + 0x7fff + ((bits[0] >> 16) & 1)) & 0xffff0000;
    return float[0];
  }
  const flip = (table) => TOKENS.map((t) => table.map((row) => row[t]));

  function softmax(scores, round) {
    const largest = scores.map((row) => Math.max(LEAST, Math.max(...row)));
    const odds = scores.map((row, t) => row.map((x) => round(Math.exp(round(x - largest[t])))));
    const total = odds.map((row) => Math.max(1, round(sum(row))));
    return odds.map((row, t) => row.map((x) => round(x / total[t])));
  }

  function compare({ q, k }, round) {
    if (has("swapped")) [q, k] = [k, q];
    if (has("keys_late")) k = [k[0], ...k.slice(0, -1)];
    if (has("key_dropped")) k = k.map((key, s) => (s === 0 ? [0, 0] : key));
    const D = at.width, wider = Math.sqrt(D / 2); // Two numbers stand for D, see the words beside the slider.
    const kept = has("coarse_scores") ? coarse : round;
    const scores = q.map((a) => k.map((b) => kept((a[0] * b[0] + a[1] * b[1]) * wider)));
    if (has("uniform")) return scores.map((row) => row.map(() => 0));
    const scale = has("no_scale") ? 1 : has("squared_scale") ? D : Math.sqrt(D);
    return scores.map((row) => row.map((x) => round(x / scale)));
  }

  function weigh(scores, round) {
    const causal = (t, s) => s <= t + has("mask_ahead") - has("mask_behind");
    const hidden = (t, s) => causal(t, s) === has("inverted_mask");
    const seen = (t) => TOKENS.filter((s) => !hidden(t, s)).length;
    const fill = (table, value) => table.map((row, t) => row.map((x, s) => (hidden(t, s) ? value : x)));
    const finite = FINITE.find(has);
    if (!has("no_mask") && !has("late_mask")) scores = fill(scores, finite ? -finite.slice(5) : -Infinity);
    let weights;
    if (has("no_softmax")) weights = scores;
    else if (has("linear_scores")) weights = fill(scores, 0).map((row, t) => row.map((x) => round(x / Math.max(1, seen(t)))));
    else if (has("wrong_axis")) weights = flip(softmax(flip(scores), round));
    else weights = softmax(scores, round);
    if (has("softmax_twice")) weights = softmax(weights, round);
    if (has("late_mask")) weights = fill(weights, 0);
    return { scores, weights };
  }

  function attend(tokens, round = Math.fround) {
    const v = has("values_from_keys") ? tokens.k.map((key) => key[0]) : tokens.v;
    const { scores, weights } = weigh(compare(tokens, round), round);
    return { v, scores, weights, out: weights.map((row) => round(sum(row.map((w, s) => round(w * v[s]))))) };
  }

  // What is measured from outside, whatever is broken.
  const entropy = (row) => (row.some((w) => !(w >= 0)) ? NaN : sum(row.map((w) => (w ? -w * Math.log(w) : 0))));

  /* How far row t of the weights moves when its scores move: the norm of the softmax's Jacobian, by central differences. */
  function slope(scores, t) {
    if (has("frozen_weights")) return 0;
    const step = 1e-4;
    const moved = (s, by) => weigh(scores.map((row, r) => row.map((x, c) => (r === t && c === s ? x + by : x))), exact).weights[t];
    const squares = TOKENS.map((s) => {
      const [up, down] = [moved(s, step), moved(s, -step)];
      return sum(up.map((w, c) => (w === down[c] ? 0 : ((w - down[c]) / (2 * step)) ** 2)));
    });
    return Math.sqrt(sum(squares));
  }

  /* How far each output moves when some parts of token j are changed: change(tokens, parts, out)[j][t]. */
  function change(tokens, parts, out) {
    const bumped = (part, j) => tokens[part].map((x, s) => (s !== j ? x : part === "v" ? x + 1 : [x[0] + 0.5, x[1] - 0.3]));
    return TOKENS.map((j) => {
      const other = attend({ ...tokens, ...Object.fromEntries(parts.map((part) => [part, bumped(part, j)])) }).out;
      return other.map((x, t) => (Object.is(x, out[t]) ? 0 : Math.abs(x - out[t])));
    });
  }

  function run(state) {
    at = state;
    const pairs = (list) => TOKENS.map((t) => [list[2 * t], list[2 * t + 1]]);
    const tokens = { q: pairs(state.queries), k: pairs(state.keys), v: state.values };
    const m = attend(tokens), ranked = compare(tokens, exact);
    return {
      ...m,
      sums: m.weights.map(sum), entropies: m.weights.map(entropy), slopes: TOKENS.map((t) => slope(ranked, t)),
      all: change(tokens, ["q", "k", "v"], m.out), value: change(tokens, ["v"], m.out),
      key: change(tokens, ["k"], m.out), query: change(tokens, ["q"], m.out),
    };
  }

  // What broke is read off the numbers, not off the switches.
  const token = (t) => "token " + (t + 1);
  const list = (some, of = token) => some.map(of).join(", ");
  const beside = (numbers) => (t) => token(t) + " (" + digits(numbers[t]) + ")";
  function diagnosis(m) {
    const found = [], finite = (t) => Number.isFinite(m.out[t]), kept = TOKENS.filter(finite);
    const tell = (says, some, of) => some.length && found.push(says + list(some, of) + ".");
    const pairs = (right) => kept.flatMap((t) => TOKENS.filter((j) => right(j, t)).map((j) => ({ j, t })));
    const sees = pairs((j, t) => j > t && m.all[j][t] !== 0).sort((a, b) => m.all[b.j][b.t] - m.all[a.j][a.t]);
    const deaf = pairs((j, t) => j <= t && m.value[j][t] === 0), asked = pairs((j, t) => j <= t).length;
    const empty = kept.filter((t) => m.weights[t].every((w) => w === 0));
    const shares = (t) => Math.abs(m.sums[t] - 1) < 0.001, near = (x) => (x < 0.001 ? x.toPrecision(1) : digits(x));
    const free = kept.filter((t) => shares(t) && m.scores[t].filter(Number.isFinite).length > 1);
    const most = (t) => Math.log(m.weights[t].filter((w) => w > 0).length);
    tell("No finite output: ", TOKENS.filter((t) => !finite(t)), beside(m.out));
    const leak = ({ j, t }) => "changing " + token(j) + " changes the output of " + token(t) + " by " + near(m.all[j][t]);
    tell("The future is seen: ", sees.slice(0, 1), (one) => leak(one) + (sees[1] ? ", and " + (sees.length - 1) + " more such" : ""));
    tell("The weights do not sum to 1: ", kept.filter((t) => !shares(t) && !empty.includes(t)), beside(m.sums));
    tell("Nobody is asked, all weights are 0: ", empty);
    tell("Weights below 0: ", kept.filter((t) => m.weights[t].some((w) => w < 0)));
    if (asked && deaf.length === asked) found.push("No token hears any value that it should.");
    else tell("Not heard at all: ", deaf, ({ j, t }) => (j === t ? token(t) + " by itself" : token(j) + " by " + token(t)));
    for (const part of ["query", "key"]) {
      const idle = (j) => (j || part === "key") && kept.length > 1 && kept.every((t) => m[part][j][t] === 0);
      tell("Changing this " + part + " changes nothing: ", TOKENS.filter(idle));
    }
    tell("Decided, the gradient through the softmax is nearly 0: ", free.filter((t) => m.slopes[t] < 0.02), beside(m.slopes));
    tell("No choice, all weights within 1 % of the largest entropy: ", free.filter((t) => m.entropies[t] > 0.99 * most(t)));
    return found.length ? found : ["Nothing that these numbers could see."];
  }

  // The question before the slider: which answer is true is read off these arrows, too.
  const ANSWERS = ["they even out", "nothing", "one takes nearly everything", "they no longer sum to 1"];
  function told(guess) {
    const t = lab.now.token, wide = (breaks) => run({ ...lab.now, width: WIDEST, breaks });
    const [scaled, bare] = [wide([]), wide(["no_scale"])], [less, more] = [scaled, bare].map((m) => Math.max(...m.weights[t]));
    const seen = [bare.entropies[t] > scaled.entropies[t] + 0.05, Math.abs(more - less) < 0.05, more > 0.95, Math.abs(bare.sums[t] - 1) > 0.001].indexOf(true);
    return "You said: " + ANSWERS[guess] + ". These arrows say: " + (ANSWERS[seen] || "something in between") + ". At d = " + WIDEST
      + " the largest weight of " + token(t) + " is " + digits(less) + " with the scale and " + digits(more) + " without; the gradient through its softmax is "
      + digits(scaled.slopes[t]) + " and " + digits(bare.slopes[t]) + ". Now pull d yourself.";
  }

  // The page. Queries are square and dashed, keys round and solid, and a key fills with the weight it gets.
  function arrow(kind, t, plane) {
    const [state, name] = kind === "q" ? ["queries", "query"] : ["keys", "key"];
    const here = () => lab.now[state].slice(2 * t, 2 * t + 2);
    const there = (...to) => lab.set({ [state]: lab.now[state].map((old, n) => (n >> 1 === t ? snap(to[n % 2], -REACH, REACH, 0.1) : old)) });
    const shape = kind === "q" ? draw("rect", { x: -11, y: -11, width: 22, height: 22, class: "end" }) : draw("circle", { r: 12, class: "end" });
    const shapes = [shape, draw("text", { dy: "0.35em" }, kind + (t + 1))];
    const grip = Lab.movable({ plane, unit: UNIT, step: 0.1, here, there, shapes });
    const line = draw("line", { class: kind === "q" ? "stroke asks" : "stroke" });
    function show(share, quiet) {
      const [x, y] = here();
      line.setAttribute("x2", UNIT * x); line.setAttribute("y2", -UNIT * y);
      grip.setAttribute("transform", "translate(" + UNIT * x + " " + -UNIT * y + ")");
      grip.setAttribute("aria-label", name + " of " + token(t) + ": " + digits(x, 1) + " across, " + digits(y, 1) + " up");
      for (const e of [line, grip]) e.classList.toggle("off", quiet);
      shape.style.setProperty("--heat", 50 * limit(share || 0, 0, 1));
    }
    return { line, grip, show };
  }
  const axis = (x1, y1, x2, y2) => draw("line", { x1, y1, x2, y2, class: "axis" });

  /* The arrows of all tokens in one plane. */
  function plane() {
    const node = draw("svg", { viewBox: "-160 -160 320 320", role: "group", "aria-label": "queries and keys as arrows" });
    const [keys, queries] = ["k", "q"].map((kind) => TOKENS.map((t) => arrow(kind, t, node))), all = [...keys, ...queries];
    node.append(axis(-150, 0, 150, 0), axis(0, -150, 0, 150), ...all.map((one) => one.line), ...all.map((one) => one.grip));
    function show(row, t) {
      keys.forEach((one, s) => one.show(row[s], false));
      queries.forEach((one, s) => one.show(s === t ? 0.4 : 0, s !== t));
    }
    return { node, show };
  }

  /* The values on a line, as large as their weights, and the output above them. */
  function mixture() {
    const node = draw("svg", { viewBox: "-160 0 320 50", role: "img", "aria-label": "the values and the output between −10 and 10" });
    const dots = TOKENS.map((t) => draw("circle", { cy: 30, class: "end" })), names = TOKENS.map((t) => draw("text", { y: 49 }, "v" + (t + 1)));
    const mark = draw("path", { d: "M-6 8 h12 l-6 11 z" }), along = (x) => 15 * limit(x, -10, 10);
    node.append(axis(-150, 30, 150, 30), ...dots, ...names, mark);
    function show(m, t) {
      m.v.forEach((x, s) => {
        for (const [e, key] of [[dots[s], "cx"], [names[s], "x"]]) e.setAttribute(key, along(x));
        dots[s].setAttribute("r", 2 + 9 * Math.sqrt(limit(Math.abs(m.weights[t][s]) || 0, 0, 1)));
      });
      mark.setAttribute("transform", "translate(" + (along(m.out[t]) || 0) + " 0)");
      mark.classList.toggle("gone", Number.isNaN(m.out[t]));
    }
    return { node, show };
  }

  function build(made) {
    lab = made;
    const guess = lab.question("guess"), arrows = plane(), values = mixture(), broke = Lab.findings();
    const weights = heat("weights: what each token (row) takes from each (column)", (token) => lab.set({ token }));
    const scores = heat("scores as they enter the softmax: query (row) with key (column)");
    const width = lab.slider("width", (d) => "head width d: " + d);
    const output = make("p", { "aria-live": "polite" });

    function render() {
      const m = lab.numbers(), t = lab.now.token;
      const asks = "Guess, and the slider opens: the head width d grows to " + WIDEST + " and nobody divides by √d. What happens to the weights of ";
      guess.show(asks + token(t) + "?", ANSWERS, told);
      width.input.disabled = lab.now.guess === null;
      arrows.show(m.weights[t], t);
      values.show(m, t);
      const terms = TOKENS.map((s) => digits(m.weights[t][s], 2) + " × " + digits(m.v[s], 1));
      say(output, "output of " + token(t) + " = " + terms.join(" + ") + " = " + digits(m.out[t]));
      const rest = (r) => [m.sums, m.entropies, m.slopes].map((one) => [digits(one[r], 2), 0]);
      const cells = (r) => [...m.weights[r].map((w) => [digits(w, 2), Math.abs(w)]), ...rest(r)];
      weights.show(["1", "2", "3", "4", "sum", "entropy", "gradient"], TOKENS.map((r) => ({ name: token(r), cells: cells(r) })), t);
      scores.show(TOKENS.map((s) => "k" + (s + 1)), TOKENS.map((r) => ({ name: "q" + (r + 1), cells: m.scores[r].map((x) => [digits(x, 2), 0]) })));
      broke.show(diagnosis(m));
    }
    const state = () => { const m = lab.numbers(); return { ...m, broke: diagnosis(m) }; };
    const parts = [
      make("div", { className: "wide" }, guess.node),
      make("div", {}, arrows.node, note("Drag an arrow, or focus it and press the arrow keys. Queries are square, keys round; a key fills with the weight it gets.")),
      make("div", {}, weights.node, note("Choose a row. Entropy in nats; gradient: the norm of the softmax's Jacobian, how far the row moves with its scores."),
        scores.node, lab.entries("values", TOKENS.map((t) => "v" + (t + 1) + " ")), values.node, output),
      make("fieldset", { className: "wide" }, make("legend", {}, "Break it"), lab.switches(), broke.node,
        note("The other breaks need several heads, tiles, rows that see nothing or huge scores, and would not show here: open them in the listing.")),
      make("div", {}, width.node, note("Two of d numbers are drawn: a score, before the scale, is q · k × √(d/2), as the product of d independent numbers typically grows. At d = 2 it is what you see.")),
      lab.buttons,
    ];
    return { parts, render, state };
  }

  Lab.register("attention", {
    keeps: {
      queries: Lab.numbers(QUERIES, -REACH, REACH, 0.1), keys: Lab.numbers(KEYS, -REACH, REACH, 0.1), values: Lab.numbers([2, 8, -4, 5], -9, 9, 1),
      token: Lab.number(3, 0, 3), width: Lab.one([2, 4, 8, 16, 32, 64, 128, WIDEST]), guess: Lab.number(null, 0, 3),
      breaks: Lab.breaks(BREAKS),
    },
    style: `& svg { max-width: 27rem; margin: 0 auto .6rem } & .asks { stroke: var(--demo); stroke-dasharray: 5 4 }`,
    numbers: run, build,
  });
})();
