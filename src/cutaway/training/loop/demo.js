/* A model of letters learns in the page by slopes written out by hand, in a loop whose lines can be broken. */
(function () {
  "use strict";
  const LETTERS = "abcdefghijklmnopqrstuvwxyz .", V = 28, T = 32, H = 4, SIZE = 8, PART = 2, STEPS = 400, WARM = 20, TOP = 0.01, LIMIT = 1, JUDGED = 20;
  const CURVES = ["loss", "judged", "gradient", "rate"];
  // What each break does; of two in one line, the line before.
  const BREAKS = {
    no_clearing: "slopes of earlier steps stay",
    no_division: "the loss is a sum over all letters",
    no_clip: "no gradient is too long",
    clip_of_copies: "what was clipped is thrown away",
    no_warm_up: "the whole rate at once",
    shift_0: ["shift", "each letter is to predict itself"],
    shift_2: ["shift", "the next letter but one is asked for"],
    same_batch: "every step reads the first batch",
    no_shuffle: "a batch is one passage of the text",
    leak: "what is held out is learnt, too",
    blocks_forgotten: "the block's matrices are not moved",
    weights_rounded: "weights are kept in bfloat16",
  };
  const { make, draw, on, say, note, digits, limit } = Lab; const { sqrt, exp, log, floor, max, min, cos, PI } = Math;
  const each = (n, does) => { for (let i = 0; i < n; i++) does(i); };
  const some = (length, of) => Array.from({ length }, (_, i) => of(i)), row = (x, t, n) => x.subarray(t * n, t * n + n);
  const dot = (a, b) => a.reduce((all, v, i) => all + v * b[i], 0), mean = (all) => all.reduce((a, b) => a + b, 0) / all.length;
  const has = (name) => at.breaks.includes(name), over = (i) => floor(i / C);
  let lab, at, C, every, held, tape, moves, learnt, unseen, chance;

  function random(seed) {
    let x = (Math.imul(seed, 2654435761) ^ 0x9e3779b9) >>> 0 || 1;
    return () => { x ^= x << 13; x ^= x >>> 17; x ^= x << 5; return (x >>> 0) / 4294967296; };
  }

  // Sentences: a capital is any of its ways. Chance is what their letters cost whoever knows the ways, in nats.
  const WAYS = {
    S: "A Vs B. |C V B. ", A: "O|O R B", B: "O|M", C: "M|M R B", O: "D N|D J N", M: "E Ns|E J Ns", D: "a|one|this", E: "two|many|some",
    N: "cat|dog|king|bird|frog|judge", J: "old|red|small|quick", R: "near|under|behind", V: "see|love|hear|paint|follow",
  };
  function sentences(length) {
    const even = random(at.seed);
    let nats = 0, text = "";
    const told = (way) => way.replace(/[A-Z]/g, (name) => {
      const all = WAYS[name].split("|");
      nats += log(all.length);
      return told(all[floor(even() * all.length)]);
    });
    while (text.length < length) text += told("S");
    chance = nats / text.length;
    return some(length, (i) => LETTERS.indexOf(text[i]));
  }

  // c[i, j] grows by the sum of a[i, l] b[l, j], eight at a time; `al` is how far apart a's l are, and so on.
  function product(c, a, b, I, J, L, ai, al, bl, bj, ci, cj, c0, a0, b0) {
    for (let i = 0; i < I; i += 2) for (let j = 0; j < J; j += 4) {
      let p = 0, q = 0, r = 0, s = 0, t = 0, u = 0, v = 0, w = 0;
      for (let l = 0, x = a0 + i * ai, y = b0 + j * bj; l < L; l++, x += al, y += bl) {
        const m = a[x], n = a[x + ai], d = b[y], e = b[y + bj], f = b[y + 2 * bj], g = b[y + 3 * bj];
        p += m * d; q += m * e; r += m * f; s += m * g; t += n * d; u += n * e; v += n * f; w += n * g;
      }
      [p, q, r, s, t, u, v, w].forEach((all, n) => (c[c0 + (i + (n >> 2)) * ci + (j + (n & 3)) * cj] += all));
    }
  }
  function softmax(x) { // in place; the logarithm of the sum
    const most = max(...x);
    let all = 0;
    x.forEach((v, i) => (all += x[i] = exp(v - most)));
    x.forEach((v, i) => (x[i] = v / all));
    return most + log(all);
  }
  function rounded({ w }) { // to bfloat16, ties to even
    const halves = new Float32Array(w), bits = new Uint32Array(halves.buffer);
    bits.forEach((v, i) => (bits[i] = (v + 0x7fff + ((v >>> 16) & 1)) & 0xffff0000));
    w.set(halves);
  }

  // Numbers w have slopes g; each part leaves on the tape how slopes go back through it.
  const pair = (n) => ({ w: new Float64Array(n), g: new Float64Array(n) });
  function begin(state) {
    [at, C, moves] = [state, state.width, 0];
    const even = random(-at.seed);
    const weight = (to, from, std = from ** -0.5, decay = 0.1) => {
      const { w, g } = pair(to * from);
      return { w: w.map(() => (std ? std * sqrt(12) * (even() - 0.5) : 1)), g, to, from, decay, mean: w, power: g.slice() };
    };
    const square = () => weight(C, C), gain = () => weight(1, C, 0, 0);
    every = [weight(V, C, 0.3, 0), weight(T, C, 0.3, 0), gain(), square(), square(), square(), square(), gain(), weight(4 * C, C), weight(C, 4 * C), gain(), weight(V, C, 0.07)];
    held = every.filter(({ to, decay }) => !has("blocks_forgotten") || !decay || to === V);
    const ids = sentences(at.letters), cut = at.letters * 0.9;
    [learnt, unseen] = [has("leak") ? ids : ids.slice(0, cut), ids.slice(cut)];
  }
  function multiply(c, a, b, I, J, L, ai, bl, bj, ci = J, c0 = 0, a0 = 0, b0 = 0) {
    product(c.w, a.w, b.w, I, J, L, ai, 1, bl, bj, ci, 1, c0, a0, b0);
    tape.push(() => {
      product(a.g, c.g, b.w, I, L, J, ci, 1, bj, bl, ai, 1, a0, c0, b0);
      product(b.g, a.w, c.g, L, J, I, 1, ai, ci, 1, bl, bj, b0, a0, c0);
    });
  }
  function linear(x, m, out = pair((x.w.length / m.from) * m.to)) {
    multiply(out, x, m, x.w.length / m.from, m.to, m.from, m.from, 1, m.from);
    return out;
  }
  function norm(x, { w, g }) {
    const n = x.w.length, out = pair(n), means = (a, b) => some(over(n), (t) => dot(row(a, t, C), row(b, t, C)) / C);
    const by = means(x.w, x.w).map((power) => 1 / sqrt(power + 1e-5)), y = x.w.map((v, i) => v * by[over(i)]);
    each(n, (i) => (out.w[i] = y[i] * w[i % C]));
    tape.push(() => means(out.g, out.w).forEach((all, t) => each(C, (c) => {
      const i = t * C + c;
      g[c] += out.g[i] * y[i];
      x.g[i] += by[t] * (out.g[i] * w[c] - y[i] * all);
    })));
    return out;
  }
  function attend(q, k, v) {
    const n = q.w.length, D = C / H, out = pair(n), p = pair(over(n) * H * T);
    each((over(n) * H) / T, (h) => {
      const o = floor(h / H) * T * C + (h % H) * D, rows = (does) => each(T, (t) => does(...[p.w, p.g].map((all) => row(all, h * T + t, T)), t));
      multiply(p, q, k, T, T, D, C, 1, C, T, h * T * T, o, o);
      rows((x, _, t) => {
        each(T, (u) => (x[u] = u > t ? -Infinity : x[u] / sqrt(D)));
        softmax(x);
      });
      tape.push(() => rows((x, g) => {
        const all = dot(x, g);
        each(T, (u) => (g[u] = (x[u] * (g[u] - all)) / sqrt(D)));
      }));
      multiply(out, p, v, T, D, T, T, C, 1, C, o, h * T * T, o);
    });
    return out;
  }
  function scores(ids) {
    tape = [];
    const [table, places, before, query, key, value, output, between, widen, narrow, last, head] = every, n = ids.length * C, x = pair(n);
    const rows = (does) => each(n, (i) => does(i, ids[over(i)] * C + (i % C), i % (T * C)));
    rows((i, id, place) => (x.w[i] = table.w[id] + places.w[place]));
    tape.push(() => rows((i, id, place) => { table.g[id] += x.g[i]; places.g[place] += x.g[i]; }));
    const read = norm(x, before);
    linear(attend(...[query, key, value].map((m) => linear(read, m))), output, x);
    const wide = linear(norm(x, between), widen), { w, g } = wide;
    each(w.length, (i) => (w[i] = max(w[i], 0)));
    tape.push(() => each(w.length, (i) => (g[i] *= w[i] > 0)));
    linear(wide, narrow, x);
    return linear(norm(x, last), head);
  }

  // The files that the loop is given.
  function passages(text, step, size) {
    const count = floor((text.length - 1) / T);
    return some(size ?? count, (n) => {
      const place = step * SIZE + n, even = random(10000 * floor(place / count + 1) + at.seed), drawn = some(count, () => (has("no_shuffle") ? 0 : even()));
      const start = some(count, (i) => i).sort((a, b) => drawn[a] - drawn[b])[place % count] * T;
      return text.slice(start, start + T + 1);
    });
  }
  const parts = (rows) => some(rows.length / PART + 0.5, (b) => {
    const few = rows.slice(b * PART, b * PART + PART), read = few.flatMap((one) => one.slice(0, T));
    return [read, has("shift_0") ? read : few.flatMap((one) => (has("shift_2") ? [...one.slice(2), -1] : one.slice(1)))];
  });
  const asked = (parts) => parts.flatMap(([, to]) => to).filter((id) => id >= 0).length;
  function surprise([read, to], share) {
    const { w, g } = scores(read);
    return to.reduce((loss, id, t) => {
      if (id < 0) return loss;
      const odds = row(w, t, V), own = odds[id], all = softmax(odds);
      each(V, (i) => (g[t * V + i] = share * (odds[i] - (i === id))));
      return loss + all - own;
    }, 0);
  }
  function plan(step) {
    const done = limit((step - WARM) / (STEPS - WARM), 0, 1);
    return TOP * 2 ** at.rate * (0.55 + 0.45 * cos(PI * done)) * (has("no_warm_up") ? 1 : min((step + 1) / WARM, 1));
  }
  function clip() {
    const length = sqrt(held.reduce((all, { g }) => all + dot(g, g), 0)), share = has("no_clip") || has("clip_of_copies") ? 1 : min(LIMIT / (length + 1e-6), 1);
    for (const { g } of held) each(g.length, (i) => (g[i] *= share));
    return length;
  }
  function move({ w, g, mean, power, decay }, rate) {
    const a = 0.9, b = 0.98, far = rate / (1 - a ** moves), by = sqrt(1 - b ** moves);
    each(w.length, (i) => {
      mean[i] += (1 - a) * (g[i] - mean[i]);
      power[i] = b * power[i] + (1 - b) * g[i] * g[i];
      w[i] = w[i] * (1 - rate * decay) - (far * mean[i]) / (sqrt(power[i]) / by + 1e-8);
    });
  }
  const clear = () => held.forEach(({ g }) => g.fill(0));

  // loop.py, with a rest after each part.
  function* train() {
    for (let step = 0; ; step++) {
      const rate = plan(step);
      if (!has("no_clearing")) clear();
      const all = parts(passages(learnt, has("same_batch") ? 0 : step, SIZE)), share = has("no_division") ? 1 : 1 / asked(all);
      let loss = 0;
      for (const part of all) {
        if (has("weights_rounded")) every.forEach(rounded);
        loss += surprise(part, share) * share;
        tape.reverse().forEach((back) => back());
        yield;
      }
      const gradient = clip();
      if (Number.isFinite(loss + gradient)) { moves++; held.forEach((one) => move(one, rate)); } else clear();
      yield { loss, gradient, rate };
    }
  }
  function* judge() {
    const all = parts(passages(unseen, 0));
    let loss = 0;
    for (const part of all) { loss += surprise(part, 0); yield; }
    yield loss / asked(all);
  }
  function* write() {
    const even = random(at.seed), said = [V - 1, V - 2];
    for (; said.length < 66; yield) {
      const seen = said.slice(-T), odds = row(scores(some(T, (t) => seen[t] ?? 0)).w, seen.length - 1, V);
      softmax(odds);
      let left = even();
      said.push(max(odds.findIndex((p) => (left -= p) < 0), 0));
    }
    yield said.slice(2).map((id) => LETTERS[id]).join("");
  }
  function run(state) {
    begin(state);
    const steps = train(), sketch = (key) => every.map((one) => one[key].reduce((sum, v, i) => sum + v * cos(i), 0));
    const now = (work, one) => { while (!one) one = work.next().value; return one; };
    return { plan: [0, 19, 20, 200, 500].map(plan), read: passages(learnt, 99, SIZE)[0], first: some(3, () => now(steps)), weights: sketch("w"), slopes: sketch("g"), judged: now(judge()), chance };
  }

  function pairs() {
    const counts = some(V, () => Array(V).fill(0.1)), follow = (ids, does) => mean(ids.slice(1).map((id, i) => does(counts[ids[i]], id)));
    follow(learnt, (after, id) => after[id]++);
    return follow(unseen, (after, id) => log((V * mean(after)) / after[id]));
  }

  function diagnosis({ loss, gradient, judged, chance }) {
    if (loss.length < JUDGED) return ["Nothing yet."];
    const last = judged.at(-1), more = last - mean(loss.slice(-JUDGED)), blind = loss[0] / log(V);
    const found = [
      [blind > 1.5, `The first loss is ${digits(blind, 0)} blind guesses: nobody divided.`],
      [gradient.every((v) => v > LIMIT), "Every step was clipped."],
      [last < 0.9 * chance, "Better than chance allows: it is told what comes."],
      [more > 0.3, `Held-out text costs ${digits(more, 2)} more: its own is known by heart.`],
    ].flatMap(([when, says]) => (when ? says : []));
    return found.length ? found : ["Nothing that these curves see."];
  }

  function chart() {
    const node = draw("svg", { viewBox: "0 0 360 300", role: "img", "aria-label": "loss, gradient and rate" }), put = (name, more) => node.appendChild(draw(name, more));
    const marks = ["pairs", "chance"].map((key) => [key, put("path"), put("text", { x: 356 })]), low = (v) => 176 - 44 * limit(v, 0, 4);
    const curves = ["old", "new"].map((kind) => CURVES.map((name) => [name, put("polyline", { class: kind + " " + name })]));
    function show(runs) {
      const ys = { loss: low, judged: low, gradient: (v) => 218 - 6 * limit(log(v), -5, 5), rate: (v) => 244 - 6 * log(v / 0.7) };
      curves.forEach((all, r) => all.forEach(([name, curve]) => {
        curve.setAttribute("points", runs[r][name].map((v, i) => (name === "judged" ? JUDGED : 1) * 0.9 * i + "," + ys[name](v)).join(" "));
      }));
      for (const [key, path, text] of marks) {
        const v = runs[1][key];
        path.setAttribute("d", `M0 ${low(v)}h360`);
        text.setAttribute("y", low(v) + (v > 1 ? -4 : 12));
        say(text, key + " " + digits(v, 2));
      }
    }
    return { node, show };
  }

  function build(made) {
    lab = made;
    const view = chart(), broke = Lab.findings(), lines = make("ul"), status = make("p", { "aria-live": "polite" }), speech = make("p", { className: "speech" });
    const go = on(make("button", { type: "button" }), "click", () => { going = !going || life.done; if (life.done) renew(); tick(); show(true); });
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let life, kept, going, frame;
    function* living() {
      for (const one of train()) {
        for (const key in one) life[key].push(one[key]);
        const step = life.loss.length;
        if (life.said.length * JUDGED === step) {
          for (const one of judge()) one ? life.judged.push(one) : yield;
          for (const one of write()) one ? life.said.push(step + ": " + one) : yield;
        }
        if (step === STEPS) return;
        yield;
      }
    }
    function renew() {
      if (life?.said.length > 2 && !life.breaks.length) kept = life;
      begin(lab.now);
      life = { breaks: at.breaks, chance, pairs: pairs(), loss: [], judged: [], gradient: [], rate: [], said: [], work: living() };
    }
    function tick() {
      cancelAnimationFrame(frame);
      const until = performance.now() + 11, before = life.said.length;
      while (going && !life.done && performance.now() < until) life.done = life.work.next().done;
      const news = !going || life.done || life.said.length > before;
      if (news || !calm) show(news);
      if (going && !life.done) frame = requestAnimationFrame(tick);
    }
    function show(news) {
      const step = life.loss.length, size = every.reduce((n, { w }) => n + w.length, 0);
      const says = `${size} numbers learn ${learnt.length} letters at rate ${TOP * 2 ** at.rate}. Step ${step} of ${STEPS}. ` + (step ? CURVES.map((name) => name + " " + digits(life[name].at(-1), 4)).join(", ") : "");
      say(go, life.done ? "again" : going ? "pause" : "start");
      view.show([kept ?? life, life]);
      if (!news) return;
      say(status, says);
      say(speech, life.said.slice(-6).join("\n") || "What it writes.");
      broke.show(diagnosis(life));
    }
      // A break as the listing has it.
    function broken(name) {
      const mark = lines.closest("body")?.querySelector(`[id="fault=loop.${name}"]`), spot = mark?.parentElement;
      const old = spot?.querySelectorAll(".o" + (1 + [...spot.querySelectorAll("details")].indexOf(mark))) ?? [];
      return make("li", {}, make("code", {}, name), ...Array.from(old, (one) => make("s", {}, one.textContent.split("  #")[0])), mark?.querySelector(".note p + p")?.textContent ?? "");
    }
    function render() {
      renew();
      lines.replaceChildren(...at.breaks.map(broken));
      tick();
      show(true);
    }
    const parts = [
      make("div", { className: "wide" }, go, status),
      make("div", {}, view.node, note("Loss in nats a letter, thick on held-out text; length of the gradient; rate. Grey: the last unbroken run.")),
      make("div", {}, lab.slider("rate", (k) => "rate " + TOP * 2 ** k).node, lab.slider("letters", (n) => n + " letters of text").node,
        lab.slider("width", (n) => "width " + n).node, lab.entry("seed", "seed "), speech),
      make("fieldset", { className: "wide" }, make("legend", {}, "Break it"), lab.switches(), lines, broke.node),
      lab.buttons,
    ];
    return { parts, render, state: () => ({ step: life.loss.length }) };
  }

  Lab.register("loop", {
    keeps: {
      rate: Lab.number(0, -5, 6), letters: { ...Lab.one([2000, 4000, 8000, 16000]), start: 16000 }, width: { ...Lab.one([16, 32, 48]), start: 48 },
      seed: Lab.number(1, 1, 9999), breaks: Lab.breaks(BREAKS),
    },
    style: `& svg text { text-anchor: end } & polyline { fill: none; stroke: var(--demo) } & .judged { stroke-width: 3 } & .old, & path { stroke: currentColor; opacity: .35 } & s { font-family: var(--mono); margin: 0 1em }`,
    numbers: run, build,
  });
})();
