/* The reader's own text, cut into words and joined to tokens, step by step. */
(function () {
  "use strict";
  const LEARNT = "How much wood would a woodchuck chuck\nif a woodchuck could chuck wood?\nHe'd chuck as much wood as he could.\n"
    + "for wood in range(2000):\n    if wood > 1000:\n        chuck(wood)\ncafé, cafe\u0301, cafés 👩\u200d🌾👩\u200d🌾";
  const OTHER = "Would O'Reilly's woodchucks\n    chuck 10000 cafés, 👩\u200d🚒?<|end|>";
  const END = "<|end|>", MOST = 400, WIDE = 65536, LONG = 500;
  const PATTERNS = ["gpt2", "cl100k", "whole"], SPECIALS = ["allowed", "refused", "text"], WHERE = ["training and use", "use only"];
  // What each break does, after the line that others edit too.
  const BREAKS = {
    counts_ignored: ["count", "each word counts once"],
    no_doubles: ["count", "equal neighbours are not counted"],
    ties_by_chance: "of equal pairs the one met first is joined",
    once_is_enough: "pairs that came once are joined too",
    join_once: "a pair is joined once a word",
    parts_swapped: "joined parts change places",
    first_join: ["order", "pairs are joined from left to right"],
    last_join: ["order", "the join learnt last comes first"],
    from_the_right: ["order", "of equal pairs the rightmost comes first"],
    bytes_dropped: ["bytes", "bytes beyond ASCII are left out"],
    unknown_flood: ["bytes", "bytes beyond ASCII are id 0"],
    lowercase: ["words", "capitals are made small, in use only"],
    composed: ["words", "accents are composed, in use only"],
    decoded_apart: ["decode", "each token is decoded alone"],
    damage_hidden: ["decode", "parts of characters are left out"],
    spaces_between: "spaces between decoded tokens",
    no_cuts: "the text is one word",
    space_behind: "gpt2: a space goes with the word before it",
    spaces_together: "gpt2: words get none of several spaces",
    digits_together: "cl100k: a long number is one word",
    ascii_letters: "only A to Z are letters",
    specials_as_text: "a special token is always text",
    specials_from_anyone: "a special token is never text",
  };
  const { make, on, say, note, digits } = Lab;
  let lab, at; // `at` is the state that is computed.
  const has = (name) => at.breaks.includes(name);

  // Bytes are characters up to U+00FF; PARTS are characters in UTF-8, or damage as Python counts it.
  const PARTS = /[\xc2-\xdf][\x80-\xbf]|(?:\xe0[\xa0-\xbf]|\xed[\x80-\x9f]|[\xe1-\xec\xee\xef][\x80-\xbf])[\x80-\xbf]?|(?:\xf0[\x90-\xbf]|\xf4[\x80-\x8f]|[\xf1-\xf3][\x80-\xbf])[\x80-\xbf]{0,2}|[^]/g;
  const codes = (bytes) => Array.from(bytes, (byte) => byte.charCodeAt(0));
  const hex = (bytes) => codes(bytes).map((byte) => byte.toString(16).toUpperCase().padStart(2, "0"));
  const place = (text, end) => ", at position " + [...text.slice(0, end)].length + ": ";
  function utf8(text) {
    const half = /\p{Cs}/u.exec(text);
    if (half) throw "The text has half a character, U+" + hex(half[0]) + place(text, half.index) + "a surrogate, which UTF-8 cannot write.";
    return encodeURIComponent(text).replace(/%(..)/g, (_, byte) => String.fromCharCode("0x" + byte));
  }
  const read = (bytes, damaged, whole = (c) => c) => bytes.replace(PARTS, (part) => {
    try { return whole(decodeURIComponent("%" + hex(part).join("%"))); } catch { return damaged(part); }
  });
  const lossy = (bytes) => read(bytes, () => (has("damage_hidden") ? "" : "\ufffd"));

  // splitting.py, with λ for letters, ν for numbers, σ for white space, which \s is not.
  function words(text) {
    const all = "[σ]+", before = all + "(?![^σ])";
    const lines = {
      gpt2: ["'(?:[sdmt]|ll|ve|re)", has("space_behind") ? "[λ]+ ?" : " ?[λ]+", " ?[ν]+", " ?[^σλν]+", ...(has("spaces_together") ? [] : [before]), all],
      cl100k: ["'(?:[sdmtSDMTſ]|[lL]{2}|[vV][eE]|[rR][eE])", "[^\\r\\nλν]?[λ]+",
        has("digits_together") ? "[ν]+" : "[ν]{1,3}", " ?[^σλν]+[\\r\\n]*", "[σ]+$", "[σ]*[\\r\\n]+", before, all],
      whole: ["[^]+"],
    };
    const sets = { λ: has("ascii_letters") ? "A-Za-z" : "\\p{L}", ν: "\\p{N}", σ: "\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000" };
    const found = lines[has("no_cuts") ? "whole" : at.pattern].join("|");
    return text.match(RegExp(found.replace(/[λνσ]/g, (set) => sets[set]), "gu")) || [];
  }

  // tokens.py. A pair is left × WIDE + right.
  const pairs = (ids) => ids.slice(1).map((right, n) => ids[n] * WIDE + right);
  function count(split) {
    const counts = new Map();
    for (const [ids, times] of split) {
      for (const pair of pairs(ids)) {
        const by = has("counts_ignored") ? 1 : has("no_doubles") && pair % (WIDE + 1) === 0 ? 0 : times;
        counts.set(pair, (counts.get(pair) || 0) + by);
      }
    }
    return [...counts].sort((a, b) => b[1] - a[1] || (has("ties_by_chance") ? 0 : a[0] - b[0]));
  }
  function join(ids, pair, id) {
    const joined = [];
    for (const right of ids) {
      if (joined.at(-1) * WIDE + right === pair && !(has("join_once") && joined.includes(id))) joined.splice(-1, 1, id);
      else joined.push(right);
    }
    return joined;
  }
  function train(text) {
    const times = new Map(), tokens = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)), steps = [];
    utf8(text);
    for (const word of words(text)) times.set(word, (times.get(word) || 0) + 1);
    let split = [...times].map(([word, times]) => [codes(utf8(word)), times]);
    for (;;) {
      const counts = count(split), least = has("once_is_enough") ? 1 : 2;
      steps.push({ counts, size: split.reduce((sum, [ids, times]) => sum + ids.length * times, 0) });
      if (!(counts[0]?.[1] >= least) || steps.length > MOST) return { steps, tokens };
      const [pair] = counts[0], left = tokens[Math.floor(pair / WIDE)], right = tokens[pair % WIDE];
      const id = tokens.push(has("parts_swapped") ? right + left : left + right) - 1;
      split = split.map(([ids, times]) => [join(ids, pair, id), times]);
    }
  }
  function encodeWord(word, joins) {
    let ids = codes(utf8(word));
    if (has("bytes_dropped")) ids = ids.filter((byte) => byte < 128);
    if (has("unknown_flood")) ids = ids.map((byte) => (byte < 128 ? byte : 0));
    for (;;) {
      const found = pairs(ids).map((pair, n) => [joins.get(pair), n]).filter(([id]) => id);
      if (!found[0]) return ids;
      if (has("last_join") || has("from_the_right")) found.reverse();
      if (!has("first_join")) found.sort((a, b) => (has("last_join") ? b[0] - a[0] : a[0] - b[0]));
      ids.splice(found[0][1], 2, found[0][0]);
    }
  }

  // tokenizer.py
  function encode(text, { tokens, joins }) {
    const allowed = at.special === "allowed" || has("specials_from_anyone");
    utf8(text);
    if (!allowed && at.special === "refused" && text.includes(END)) throw "The text contains the special token '" + END + "'" + place(text, text.indexOf(END)) + "allow it, or do not refuse it, and it is text.";
    const pieces = allowed && !has("specials_as_text") ? text.split(END) : [text];
    return pieces.flatMap((piece, n) => {
      if (has("lowercase")) piece = piece.toLowerCase();
      if (has("composed")) piece = piece.normalize("NFC");
      return (n ? [[null, [tokens.length]]] : []).concat(words(piece).map((word) => [word, encodeWord(word, joins)]));
    });
  }
  function decode(ids, tokens) {
    const all = ids.map((id) => tokens[id] || END);
    return has("decoded_apart") ? all.map(lossy).join("") : lossy(all.join(has("spaces_between") ? " " : ""));
  }
  const flat = (found) => found.flatMap(([, ids]) => ids);
  function tried(does) {
    try { return does(); } catch (error) { return { error: String(error) }; }
  }
  const run = (state) => tried(() => {
    at = state.where === WHERE[1] ? { ...state, breaks: [] } : state;
    const { steps, tokens: all } = train(state.text), made = Math.min(state.joins, steps.length - 1), told = ([pair, times]) => [Math.floor(pair / WIDE), pair % WIDE, times];
    const tokens = all.slice(0, 256 + made), joins = new Map(steps.slice(0, made).map((one, n) => [one.counts[0][0], 256 + n]));
    at = state;
    const use = (text) => tried(() => {
      const found = encode(text, { tokens, joins }), ids = flat(found);
      return { found, back: decode(ids.slice(0, Math.max(0, ids.length - state.lost)), tokens) };
    });
    const { counts } = steps[made], ties = counts.filter((one) => one[1] === counts[0][1]).length;
    return {
      made, tokens, ties, text: use(state.text), other: use(state.other), sizes: steps.map((one) => one.size),
      joined: steps.slice(0, -1).map((one) => told(one.counts[0])), pairs: counts.slice(0, 6).map(told), first: steps[0].counts.slice(0, 4).map(told),
    };
  });

  // What is invisible is shown as a sign or a number, parts of characters as bytes.
  const sign = (c) => ({ " ": "␣", "\n": "↵", "\t": "⇥" })[c] || (/[\p{C}\p{Z}\p{DI}]/u.test(c) ? "U+" + c.codePointAt(0).toString(16).toUpperCase() : /\p{M}/u.test(c) ? "◌" + c : c);
  const seen = (bytes) => read(bytes, (part) => " " + hex(part).join(" "), sign);
  const quoted = (bytes) => "“" + seen(bytes) + "”";
  const many = (n, one) => n + " " + one + (n === 1 ? "" : "s");
  const press = (says, does) => on(make("button", { type: "button" }, says), "click", does);
  const box = (className, ...inside) => make("span", { className }, ...inside);
  const chip = (tokens) => (id) => make("span", { className: id > 255 ? "made" : "", style: "--hue:" + id * 137.5 }, make("b", {}, seen(tokens[id] || END)), make("small", {}, id));
  // The tokens that share a character stand together under it.
  function chips(ids, tokens) {
    const groups = [];
    for (const id of ids) groups[0] && /^[\x80-\xbf]/.test(tokens[id]) ? groups.at(-1).push(id) : groups.push([id]);
    return groups.map((some) => {
      const all = some.map(chip(tokens));
      return all[1] ? box("torn", make("i", {}, seen(some.map((id) => tokens[id]).join(""))), box("", ...all)) : all[0];
    });
  }
  const choices = [], wide = (...inside) => make("div", { className: "wide" }, ...inside);
  function choice(key, says, of) {
    const all = of.map((one) => press(one, () => lab.set({ [key]: one })));
    choices.push(() => all.forEach((e, n) => (e.ariaPressed = lab.now[key] === of[n])));
    return make("div", { role: "group", "aria-label": says }, says + " ", ...all);
  }
  function panel(key, says, rows, ...steps) {
    const area = on(make("textarea", { rows, maxLength: LONG, spellcheck: false }), "input", () => lab.set({ [key]: area.value }));
    const view = make("div", { className: "tokens" }), counts = note(""), back = make("p");
    function show(m) {
      const { found = [], back: came, error } = m[key] || m, text = lab.now[key], all = [...text], ids = flat(found).length;
      if (area.value !== text) area.value = text;
      view.replaceChildren(...found.flatMap(([word, ids]) => [box("word", ...chips(ids, m.tokens)), /\n/.test(word) ? make("hr") : ""]));
      const bytes = error ? 0 : utf8(text).length;
      say(counts, error ? "" : [many(all.length, "character"), many(bytes, "byte"), many(found.length, "word"), many(ids, "token"), digits(ids / (bytes || 1), 2) + " tokens a byte"].join(" · "));
      back.className = came === text ? "same" : "speech";
      back.replaceChildren(...(error ? [error] : came === text ? ["✓ decoded, it is the same text"] : ["✗ decoded: ", ...Array.from(came, (c, n) => (c === all[n] ? c : make("mark", {}, sign(c))))]));
    }
    return { node: wide(make("label", {}, says, area), ...steps, view, counts, back), show };
  }

  // What the numbers tell.
  function diagnosis(m, clean) {
    if (m.error) return [m.error];
    const found = [], tell = (says) => says && found.push(says);
    const strange = m.tokens.filter((one) => !clean.tokens.includes(one));
    tell(strange[0] && many(strange.length, "token") + " not learnt by unbroken code: " + strange.slice(0, 3).map(quoted).join(", ") + ".");
    for (const [key, name] of [["text", "The first text"], ["other", "The other text"]]) {
      const [ids, its] = [m, clean].map((one) => flat(one[key].found || [])), { back } = m[key];
      const across = ids.map((id) => m.tokens[id]).find((bytes) => /\S[ \n]+\S/.test(bytes));
      tell(ids.join() !== its.join() && name + " has other ids: " + many(ids.length, "token") + ", unbroken " + its.length + ".");
      tell(back !== lab.now[key] && !m[key].error && name + " does not come back.");
      tell(across && name + " has a token across words: " + quoted(across) + ".");
    }
    return found[0] ? found : ["Nothing that one could see" + (lab.now.where === WHERE[1] ? " in use." : ".") + (lab.now.breaks[0] ? " Other cuts, more joins or other texts may show it." : "")];
  }

  function build(made) {
    lab = made;
    const guess = lab.question("guess"), broke = Lab.findings();
    const joins = lab.slider("joins", (n) => "joins: " + n), lost = lab.slider("lost", (n) => "ids lost at the end: " + n);
    const last = make("p"), list = make("ol"), next = make("p", { "aria-live": "polite" });
    const step = (by) => () => (joins.input.stepUp(by), lab.set({ joins: +joins.input.value }));
    const text = panel("text", "A text to learn from, of at most " + LONG + " characters: write your own", 7, guess.node, joins.node, press("one back", step(-1)), press("one more", step(1)));
    const other = panel("other", "A text that training never sees, as long at most", 2);

    function render() {
      const open = lab.now.guess !== null || lab.now.breaks[0], now = open ? lab.now : { ...lab.now, joins: 0 };
      const clean = run({ ...now, breaks: [] }), m = run(now), k = m.made, total = m.joined?.length;
      choices.forEach((show) => show());
      broke.show(diagnosis(m, clean));
      text.show(m), other.show(m);
      Object.assign(joins.input, { max: total, value: k, disabled: !open });
      if (m.error) return;
      say(joins.node.firstChild, "joins: " + k + " of " + total);
      const name = ([l, r]) => quoted(m.tokens[l]) + " and " + quoted(m.tokens[r]);
      const asked = clean.first.sort((a, b) => a[0] - b[0]), counted = asked.map((pair) => name(pair) + " " + many(pair[2], "time"));
      guess.show("Guess, and joining begins: which two bytes stand together most often in the first text?", asked.map(name), () => counted.join(", ") + ". The most frequent pair is joined first.");
      const id = chip(m.tokens), both = ([l, r]) => [id(l), " + ", id(r)];
      last.replaceChildren(...(k ? ["Join " + k + ": ", ...both(m.joined[k - 1]), " → ", id(255 + k), " " + many(m.joined[k - 1][2], "time") + ", and " + m.sizes[k - 1] + " tokens become " + m.sizes[k]] : []));
      list.replaceChildren(...(open ? m.pairs : []).map((pair) => make("li", {}, box("", ...both(pair)), many(pair[2], "time"))));
      const equal = m.ties > 1 ? "Of " + m.ties + " equal pairs the one " + (has("ties_by_chance") ? "met first" : "with the lowest ids") + " is next:" : "Next:";
      const once = open && k < total && m.pairs[0][2] < 2;
      next.replaceChildren(once ? make("mark", {}, "⚠ These came once: to join them is to learn this text by heart, not its language. ") : "", !open ? "" : k === total ? "Training ends: no pair came often enough." : equal);
    }
    const parts = [
      text.node, wide(last, next, list), other.node,
      wide(choice("pattern", "Words are cut by", PATTERNS), choice("special", END + " is", SPECIALS), lost.node, note("Training runs here. What a letter is, your browser's Unicode says.")),
      make("fieldset", { className: "wide" }, make("legend", {}, "Break it"), choice("where", "Breaks are in", WHERE), lab.switches(), broke.node),
      lab.buttons,
    ];
    return { parts, render, state: () => run(lab.now) };
  }

  const among = (of) => ({ start: of[0], read: (said) => (of.includes(said) ? said : of[0]) });
  Lab.register("tokens", {
    keeps: {
      text: Lab.text(LEARNT, LONG), other: Lab.text(OTHER, LONG), pattern: among(PATTERNS), special: among(SPECIALS), where: among(WHERE),
      joins: Lab.number(24, 0, MOST), guess: Lab.number(null, 0, 3), lost: Lab.number(0, 0, 12), breaks: Lab.breaks(BREAKS),
    },
    style: `& .tokens, & .word { display: flex; flex-wrap: wrap; gap: 2px; align-items: end } & .tokens { gap: .5rem .4rem; margin: .6rem 0 } & hr { width: 100%; border: 0; margin: 0 }
      & .torn, & span:has(> small) { display: inline-grid; justify-items: center; min-width: 1.3rem; padding: 0 .2em; border: 1px solid var(--line); border-radius: 3px; overflow-wrap: anywhere }
      & .torn { border: 1px dashed; padding: 2px } & span.made { border-color: hsl(var(--hue) 60% 50%); background: hsl(var(--hue) 80% 50% / .2) } & small { font-size: .68rem; line-height: 1.3 } & b { font: 600 .9rem/1.5 var(--mono) }
      & .same { color: var(--new) } & mark { background: none; color: var(--broken) } & ol { padding: 0 }
      & ol li { display: flex; justify-content: space-between; padding: 3px 0; border-bottom: 1px solid var(--line) } & .boxes { columns: 18rem }`,
    numbers: run, build,
  });
})();
