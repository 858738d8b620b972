/* A model from parts: choose them and their sizes, and see where its numbers are and where its work is, to scale. */
(function () {
  "use strict";
  const PARTS = ["table", "positions", "heads", "comparing", "MLP", "norms", "head"];
  const TONES = { table: 70, positions: 100, heads: 48, comparing: 88, MLP: 18, norms: 4, head: 70 };
  const SIZES = ["vocab", "context", "width", "depth", "heads", "groups", "size", "hidden"];
  const SWITCHES = ["turned", "rms", "gate", "bare", "own", "normed"];
  // As published: the eight sizes, and which parts are Llama's, or Qwen3's norm.
  const MODELS = {
    "GPT-2 small": [[50257, 1024, 768, 12, 12, 12, 64, 3072], [0, 0, 0, 0, 0, 0]],
    "Llama 2 7B": [[32000, 4096, 4096, 32, 32, 32, 128, 11008], [1, 1, 1, 1, 1, 0]],
    "Qwen3 0.6B": [[151936, 40960, 1024, 28, 16, 8, 128, 3072], [1, 1, 1, 1, 0, 1]],
  };
  const SAYS = { // of a size or a switch: what it is; of a switch, also the claim that measured it, as it begins
    vocab: "rows of the table, V", context: "places of the position table", width: "width of the stream, C", depth: "blocks, L",
    heads: "heads, H", groups: "keys and values, G", size: "numbers in a head, D", hidden: "hidden in the MLP, F",
    turned: ["queries and keys are turned, no table of positions", "Turned queries and keys"],
    rms: ["RMSNorm, not LayerNorm", "A norm without a mean"],
    gate: ["the MLP has a gate: three matrices, not two", "A gate gives"],
    bare: ["no biases", "A model without biases"],
    own: ["the head has a matrix of its own", "A head that is the table"],
    normed: ["queries and keys have a norm, as in Qwen3", ""],
    shared: ["heads share keys and values", "Keys that two heads share"],
    llama: ["all of Llama's parts at once", "Llama's parts give"],
  };
  const BREAKS = {
    untied: "GPT-2's head gets a matrix of its own",
    no_norm_of_keys: "Qwen3's norms of queries and keys are left out",
    blocks_shared: "all blocks are one block, under many names",
    positions_uncounted: "the count of GPT-2 leaves the position table out",
    tie_counted_twice: "the count of Qwen3 counts its tied head again",
    sharing_uncounted: "the count gives every head a key and a value of its own",
    one_product: "comparing is counted with its scores and without its means",
    half_the_operations: "a product and its sum are counted as one operation",
  };
  const LENGTHS = [256, 1024, 4096, 16384, 65536];
  const { make, on, say, note, heat } = Lab;
  let lab, at; // `at` is the state that is computed.

  // counts.py, line for line.
  const has = (name) => at.breaks.includes(name);
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const total = (parts) => sum(Object.values(parts));
  const style = (c) => Object.entries({ gpt2: "0,0,0,0,0,0", llama: "1,1,1,1,1,0", qwen3: "1,1,1,1,0,1" })
    .find(([, all]) => all === SWITCHES.map((name) => c[name]).join())?.[0] ?? null;

  function matrices(c, inMlp) {
    let heads = c.width * c.size * (c.heads + 2 * c.groups) + c.heads * c.size * c.width;
    if (has("sharing_uncounted")) heads = 4 * c.heads * c.size * c.width;
    return heads + inMlp * c.width * c.hidden;
  }

  const COUNTS = {
    gpt2(c) {
      const biases = c.size * (c.heads + 2 * c.groups) + c.width + c.hidden + c.width;
      const tables = (has("positions_uncounted") ? c.vocab : c.vocab + c.context) * c.width;
      return tables + c.depth * (matrices(c, 2) + biases + 4 * c.width) + 2 * c.width;
    },
    llama: (c) => 2 * c.vocab * c.width + c.depth * (matrices(c, 3) + 2 * c.width) + c.width,
    qwen3(c) {
      const norms = 2 * c.width + 2 * c.size, tables = (has("tie_counted_twice") ? 2 : 1) * c.vocab * c.width;
      return tables + c.depth * (matrices(c, 3) + norms) + c.width;
    },
  };

  /* The operations of one token in a text, by part. */
  function work(c, inMlp) {
    const each = has("half_the_operations") ? 1 : 2, seen = (has("one_product") ? 1 : 2) * c.heads * c.size * c.tokens;
    return {
      heads: each * c.depth * matrices(c, 0), comparing: each * c.depth * seen,
      MLP: each * c.depth * inMlp * c.width * c.hidden, head: each * c.vocab * c.width,
    };
  }

  // What the model has that is put together, whatever is counted: its matrices, their biases, its norms.
  function made(c, inMlp) {
    const rows = c.size * (c.heads + 2 * c.groups), bias = 1 - c.bare, gain = c.rms ? 1 : 2, s = style(c);
    const blocks = has("blocks_shared") ? 1 : c.depth, table = c.vocab * c.width;
    const inner = c.normed && !(s === "qwen3" && has("no_norm_of_keys")) ? 2 * c.size : 0;
    return {
      table, positions: c.turned ? 0 : c.context * c.width,
      heads: blocks * (c.width * rows + c.heads * c.size * c.width + bias * (rows + c.width)),
      comparing: 0, MLP: blocks * (inMlp * c.width * c.hidden + bias * ((inMlp - 1) * c.hidden + c.width)),
      norms: blocks * (2 * gain * c.width + inner) + gain * c.width,
      head: c.own || (s === "gpt2" && has("untied")) ? table : 0,
    };
  }

  function run(state) {
    at = state;
    const inMlp = 2 + state.gate, parameters = made(state, inMlp), s = style(state);
    return { parameters, operations: work(state, inMlp), has: total(parameters), counted: s && COUNTS[s](state) };
  }

  // What is wrong is read off the numbers, not off the switches.
  const whole = (x) => x.toLocaleString("en");
  function short(x) {
    const [scale, name] = [[1e12, "trillion"], [1e9, "billion"], [1e6, "million"], [1e3, "thousand"]].find(([one]) => x >= one) ?? [1, ""];
    return (x / scale).toPrecision(3) + " " + name;
  }
  const percent = (x) => (x > 0 && x < 0.0005 ? "< 0.1" : (100 * x).toFixed(x < 0.0995 ? 1 : 0)) + " %";
  const fits = (c) => c.heads % c.groups === 0;
  function diagnosis(m) {
    const c = lab.now, found = [], off = m.counted === null ? 0 : m.has - m.counted;
    if (!fits(c)) return [c.heads + " heads cannot share in " + c.groups + " equal groups: there is no such model."];
    if (off) found.push("The model has " + whole(Math.abs(off)) + " numbers " + (off > 0 ? "more" : "fewer") + " than the count says, which is " + whole(m.counted) + ".");
    const met = c.vocab * c.width + c.depth * (c.width * c.size * (2 * c.heads + 2 * c.groups) + (2 + c.gate) * c.width * c.hidden);
    const each = (total(m.operations) - m.operations.comparing) / met, pair = m.operations.comparing / (c.depth * c.heads * c.size * c.tokens);
    if (each !== 2) found.push("The count spends " + each.toFixed(2) + " operations on each weight that a token meets; a product and a sum are two.");
    if (pair !== 4) found.push("The count spends " + pair + " operations on each number of each token that is seen; two products and two sums are four.");
    const same = (name) => JSON.stringify(run({ ...c, breaks: c.breaks.filter((one) => one !== name) })) === JSON.stringify(m);
    for (const name of c.breaks.filter(same)) found.push(name + " changes nothing here: take a model that has what it breaks.");
    return found.length ? found : ["Nothing that these numbers could see."];
  }

  // The question before the slider: which answer is true is read off this model, too.
  const ANSWERS = ["heads", "comparing", "MLP", "head"];
  const longest = LENGTHS[LENGTHS.length - 1];
  function told(guess) {
    const spent = (tokens) => run({ ...lab.now, tokens, breaks: [] }).operations, far = spent(longest), near = spent(LENGTHS[1]);
    const most = ANSWERS.reduce((a, b) => (far[b] > far[a] ? b : a));
    return "You said: " + ANSWERS[guess] + ". In this model it is " + most + ", with " + percent(far[most] / total(far)) + " of the work; after "
      + whole(LENGTHS[1]) + " tokens that part is " + percent(near[most] / total(near)) + ". Now pull the length yourself.";
  }

  // The page. A strip runs from the ids on the left to the scores on the right, each part as long as its share.
  function strip(name) {
    const bar = make("div", { className: "strip" }), title = make("p");
    bar.setAttribute("role", "img");
    function show(parts, depth, says) {
      const one = total(parts), inside = ["heads", "comparing", "MLP"].filter((part) => parts[part]);
      const piece = (part, share) => make("i", { title: part, style: "width:" + 100 * share / one + "%;--tone:" + TONES[part] });
      const block = inside.map((part) => [part, parts[part] / depth]);
      const along = [["table", parts.table], ["positions", parts.positions], ...Array.from({ length: depth }, () => block).flat(), ["norms", parts.norms], ["head", parts.head]];
      bar.replaceChildren(...along.filter(([, share]) => share).map(([part, share]) => piece(part, share)));
      bar.setAttribute("aria-label", name + ": " + PARTS.filter((part) => parts[part]).map((part) => part + " " + percent(parts[part] / one)).join(", "));
      say(title, says);
    }
    return { node: make("div", {}, title, bar), show };
  }

  function build(made) {
    lab = made;
    const sizes = strip("numbers"), spent = strip("work"), guess = lab.question("guess"), broke = Lab.findings(), length = lab.slider("tokens", (n) => "a text of " + whole(n) + " tokens");
    const table = heat("each part: its numbers, and its operations for one token"), worth = make("ul", { "aria-live": "polite" });
    const state = (name) => { const [all, parts] = MODELS[name]; return Object.fromEntries([...SIZES.map((key, n) => [key, all[n]]), ...SWITCHES.map((key, n) => [key, parts[n]])]); };
    const models = Object.keys(MODELS).map((name) => [state(name), on(make("button", { type: "button" }, name), "click", () => lab.set(state(name)))]);
    const boxes = SWITCHES.map((key) => {
      const input = on(make("input", { type: "checkbox" }), "change", () => lab.set({ [key]: +input.checked }));
      return [key, input, make("label", {}, input, SAYS[key][0])];
    });
    const key = make("p", { className: "key" }, ...PARTS.map((part) => make("span", {}, make("i", { style: "--tone:" + TONES[part] }), part)));

    /* What the record of this page says of a part, where it was exchanged alone in a small GPT-2. */
    function recorded(key) {
      const all = [...(worth.closest("body")?.querySelectorAll(".claims li") ?? [])], says = SAYS[key][1];
      const one = says && all.find((li) => li.querySelector(".claim")?.textContent.startsWith(says));
      return one ? ["claim", "verdict", "because"].map((name) => one.querySelector("." + name)?.textContent.trim() ?? "") : null;
    }
    function telling(key) {
      const found = recorded(key);
      const said = found ? [make("strong", {}, found[1]), ": " + found[0] + " " + found[2]] : ["Not measured here: " + SAYS[key][0] + "."];
      return make("li", {}, ...said);
    }

    function render() {
      const c = lab.now, m = lab.numbers(), works = total(m.operations);
      guess.show("A token is the last of a text of " + whole(longest) + ". Where is most of its work? Guess, and the length can be pulled.", ANSWERS, told);
      length.input.disabled = c.guess === null;
      for (const [all, one] of models) one.setAttribute("aria-pressed", Object.keys(all).every((key) => all[key] === c[key]));
      for (const [key, input] of boxes) input.checked = Boolean(c[key]);
      broke.show(diagnosis(m));
      if (!fits(c)) {
        sizes.show({}, 0, diagnosis(m)[0]);
        return spent.show({}, 0, "");
      }
      sizes.show(m.parameters, c.depth, "It has " + whole(m.has) + " numbers: from the ids on the left to the scores on the right,");
      spent.show(m.operations, c.depth, "and a token costs it " + short(works) + " operations, in a text of " + whole(c.tokens) + ".");
      const cells = (part) => [m.parameters, m.operations].flatMap((all) => {
        const share = (all[part] || 0) / total(all);
        return [[all[part] ? whole(all[part]) : "", 0], [all[part] ? percent(share) : "", share]];
      });
      table.show(["numbers", "share", "operations", "share"], PARTS.map((part) => ({ name: part, cells: cells(part) })));
      const exchanged = [...SWITCHES.filter((key) => c[key]), ...(c.groups < c.heads ? ["shared"] : []), ...(style(c) === "llama" ? ["llama"] : [])];
      worth.replaceChildren(...(exchanged.length ? exchanged.map(telling) : [make("li", {}, "All parts are GPT-2's. Exchange one, and see what its exchange was worth.")]));
    }
    const kept = () => { const m = lab.numbers(); return { ...m, broke: diagnosis(m) }; };
    const parts = [
      make("div", { className: "wide" }, make("p", {}, ...models.map(([, one]) => one)), sizes.node, spent.node, key),
      make("div", {}, guess.node, length.node, make("div", { className: "sizes" }, ...SIZES.map((key) => lab.entry(key, SAYS[key] + " ")))),
      make("fieldset", {}, make("legend", {}, "Take a part of GPT-2 out, and put Llama's in"), ...boxes.map(([, , one]) => one), worth,
        note("Measured in two small blocks, one part at a time, each model as large as the other: see the claims on this page.")),
      make("div", { className: "wide" }, table.node),
      make("fieldset", { className: "wide" }, make("legend", {}, "Break it"), lab.switches(), broke.node,
        note("The other breaks change neither a number's place nor its cost: open them in the listing.")),
      lab.buttons,
    ];
    return { parts, render, state: kept };
  }

  const [first, none] = MODELS["GPT-2 small"], bounds = [400000, 2000000, 32768, 200, 512, 512, 1024, 131072];
  Lab.register("gpt", {
    keeps: {
      ...Object.fromEntries(SIZES.map((key, n) => [key, Lab.number(first[n], 1, bounds[n])])),
      ...Object.fromEntries(SWITCHES.map((key, n) => [key, Lab.number(none[n], 0, 1)])),
      tokens: { ...Lab.one(LENGTHS), start: LENGTHS[1] }, guess: Lab.number(null, 0, ANSWERS.length - 1), breaks: Lab.breaks(BREAKS),
    },
    style: `& .strip { display: flex; height: 2.6rem; border: 1px solid currentColor; overflow: hidden; margin: 0 0 .7rem } & .strip + p { margin-top: 0 }
      & .strip i, & .key i { background: color-mix(in srgb, var(--demo) calc(var(--tone) * 1%), var(--paper)); box-sizing: border-box }
      & .strip i { flex: none; box-shadow: inset 1px 0 color-mix(in srgb, currentColor 35%, transparent) }
      & .key span { display: inline-block; margin-right: 1.1em } & .key i { display: inline-block; width: .9em; height: .9em; border: 1px solid; margin-right: .35em; vertical-align: -.1em }
      & .sizes { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .3rem 2rem }
      & .sizes label { display: flex; justify-content: space-between; align-items: center; margin: 0 } & .sizes input { width: 7.2em }`,
    numbers: run, build,
  });
})();
