/* What every demo shares: a state that the address keeps, switches, a question before the answer. */
(function () {
  "use strict";
  const limit = (x, least, most) => Math.min(Math.max(x, least), most);
  const snap = (x, least, most, step) => Number(limit(Math.round(x / step) * step, least, most).toFixed(3));
  function digits(x, places = 3) {
    if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x < 0 ? "−∞" : "∞";
    return x.toFixed(places).replace(/^-(0[.0]*)$/, "$1").replace("-", "−");
  }

  // What a state may hold: where it starts, and how it is read from an address that anyone may have written.
  function number(start, least, most, step = 1) {
    const read = (text) => (text.trim() && Number.isFinite(+text) ? snap(+text, least, most, step) : start);
    return { start, read, least, most, step };
  }
  function numbers(start, least, most, step) {
    function read(text) {
      const all = text.split(",").map(number(NaN, least, most, step).read);
      return all.length === start.length && !all.some(Number.isNaN) ? all : start;
    }
    return { start, read, least, most, step };
  }
  const one = (of) => ({ start: of[0], of, read: (said) => (of.includes(+said) ? +said : of[0]) });
  const text = (start, most) => ({ start, read: (said) => said.slice(0, most) });
  // Breaks by name: what each does, or [the lines that it edits, what it does]. Two that edit one line exclude
  // each other: the later one stays.
  function breaks(all) {
    const lines = (name) => (Array.isArray(all[name]) ? all[name][0].split(" ") : [name]);
    const clash = (a) => (b) => Object.hasOwn(all, b) && lines(a).some((line) => lines(b).includes(line));
    const tidy = (some) => some.filter((a, at) => Object.hasOwn(all, a) && !some.slice(at + 1).some(clash(a)));
    const says = Object.keys(all).map((name) => [name, [all[name]].flat().at(-1)]);
    return { start: [], says, tidy, read: (said) => tidy(said.split(",")) };
  }

  function fill(e, attributes, inside) {
    for (const [key, value] of Object.entries(attributes || {})) {
      key in e && !(e instanceof SVGElement) ? (e[key] = value) : e.setAttribute(key, value);
    }
    e.append(...inside);
    return e;
  }
  const make = (name, attributes, ...inside) => fill(document.createElement(name), attributes, inside);
  const draw = (name, attributes, ...inside) => fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, inside);
  const say = (e, said) => { if (e.textContent !== said) e.textContent = said; };
  const on = (e, event, does) => { e.addEventListener(event, does); return e; };
  const note = (says) => make("p", { className: "soft" }, says);
  const button = (says, does, attributes) => on(make("button", { type: "button", ...attributes }, says), "click", does);

  /* A table of numbers with heat behind them; `pick`, where given, is told which row was chosen. A cell is [text, heat 0-1]. */
  function heat(title, pick) {
    const table = make("table");
    const node = make("div", { className: "heat", tabIndex: 0, role: "region", "aria-label": title }, table);
    let shape = "", heads = [], names = [], cells = [];
    function build(columns, rows) {
      heads = columns.map(() => make("th", { scope: "col" }));
      names = rows.map((_, at) => (pick ? button("", () => pick(at)) : make("span")));
      cells = rows.map((row) => row.cells.map(() => make("td")));
      const lines = names.map((name, at) => make("tr", {}, make("th", { scope: "row" }, name), ...cells[at]));
      table.replaceChildren(make("caption", {}, title), make("tr", {}, make("td"), ...heads), ...lines);
    }
    function show(columns, rows, picked) {
      const now = columns.length + "x" + rows.length;
      if (now !== shape) { build(columns, rows); shape = now; }
      heads.forEach((head, at) => say(head, columns[at]));
      rows.forEach((row, r) => {
        say(names[r], row.name);
        if (pick) names[r].setAttribute("aria-pressed", r === picked);
        row.cells.forEach(([said, share], c) => {
          say(cells[r][c], said);
          cells[r][c].style.setProperty("--heat", Math.round(45 * limit(share || 0, 0, 1)));
        });
      });
    }
    return { node, show };
  }

  /* A point of a drawing that is dragged, or moved with the arrow keys: `there` is told where. One unit is `unit` wide, up is positive. */
  function movable({ plane, unit, step, here, there, shapes, ...attributes }) {
    const role = { tabindex: 0, role: "button", "aria-roledescription": "point, moved by the arrow keys" };
    const grip = draw("g", { ...role, ...attributes }, draw("circle", { r: 17, class: "touch" }), ...shapes);
    const keys = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const under = (event) => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(plane.getScreenCTM().inverse());
      return [at.x / unit, -at.y / unit];
    };
    let held = null;
    const hold = (event) => {
      const [x, y] = under(event), [a, b] = here();
      held = [a - x, b - y];
      grip.setPointerCapture(event.pointerId);
    };
    const drag = (event) => {
      const [x, y] = under(event);
      if (held) there(x + held[0], y + held[1]);
    };
    const press = (event) => {
      const by = keys[event.key], far = step * (event.shiftKey ? 5 : 1), [x, y] = here();
      if (!by) return;
      event.preventDefault();
      there(x + by[0] * far, y + by[1] * far);
    };
    on(on(on(grip, "pointerdown", hold), "pointermove", drag), "keydown", press);
    for (const end of ["pointerup", "pointercancel"]) on(grip, end, () => (held = null));
    return grip;
  }

  /* What was found, as a list that is read out when it changes. */
  function findings() {
    const node = make("ul", { className: "broke", "aria-live": "polite" });
    let shown = "";
    function show(said) {
      if (said.join() !== shown) node.replaceChildren(...said.map((one) => make("li", {}, one)));
      shown = said.join();
    }
    return { node, show };
  }

  const HOUSE = `[data-demo] { & ul { margin: 0 0 .7rem; padding-left: 1.2em } & .off, & label:has(:disabled) { opacity: .55 }
    & .heat { overflow-x: auto; margin-bottom: .6rem } & .heat table { font-size: .78rem; width: 100% }
    & caption { font-style: italic; text-align: left; padding-bottom: .3rem }
    & .heat :is(td, th) { border: 0; padding: 0 .1rem; text-align: center; min-width: 1.5rem; white-space: nowrap }
    & .heat td { background: color-mix(in srgb, var(--demo) calc(var(--heat, 0) * 1%), transparent) }
    & .heat th button { margin: 0; width: 100%; border-color: transparent }
    & .heat th button[aria-pressed="true"] { border-color: currentColor; font-weight: 600 }
    & .question button { padding: .1em .7em } & .row { display: flex; flex-wrap: wrap; gap: 0 .6rem } & .row input { width: 3.7em }
    & .boxes { columns: 22rem; column-gap: 3.5rem } & .boxes label { break-inside: avoid; padding-left: 1.7rem; text-indent: -1.7rem }
    & fieldset > .broke { position: sticky; bottom: 0; max-height: 40vh; overflow: auto; margin: .8rem 0 0; padding: .5rem 0 .5rem 1.2em; background: var(--paper); border-top: 1px solid var(--line) }
    & .boxes input { scroll-margin-bottom: 45vh }
    & svg { display: block; width: 100%; overflow: visible } & svg text { font: 600 11px var(--sans); fill: currentColor; text-anchor: middle; user-select: none }
    & svg [role="button"], & svg [role="button"] * { cursor: grab; touch-action: none } & .touch { fill: transparent } & path { fill: currentColor } & .gone { display: none }
    & .axis { stroke: currentColor; opacity: .3 } & .stroke { stroke: currentColor; stroke-width: 2 }
    & .end { stroke: currentColor; stroke-width: 1.5; fill: color-mix(in srgb, var(--demo) calc(var(--heat, 40) * 1%), var(--paper)) } }`;

  /* A demo keeps a state, makes `numbers` of it without a page, and builds its parts: `build` returns them with
     `render` and, for tests, `state`. */
  function register(name, { keeps, style, numbers, build }) {
    const root = document.querySelector(`[data-demo="${name}"]`);
    if (!root) return;
    const start = Object.fromEntries(Object.entries(keeps).map(([key, kind]) => [key, kind.start]));
    const lab = { now: { ...start }, set, has: (one) => lab.now.breaks.includes(one), slider, entry, entries, switches, question };
    lab.numbers = () => numbers(lab.now);
    const fresh = [];
    let waiting = 0, followed, demo;

    function render() {
      fresh.forEach((one) => one());
      demo.render();
    }
    function set(change) {
      lab.now = { ...lab.now, ...change };
      clearTimeout(waiting); // Browsers refuse an address that changes at every step of a drag.
      waiting = setTimeout(save, 250);
      render();
    }
    // A hash without "=" names a place on the page.
    const named = () => location.hash.length > 1 && !location.hash.includes("=");
    const kept = () => new URLSearchParams(named() ? "" : location.hash.slice(1));
    // The address keeps what differs from the start: keys begin with the demo's name, others are left alone.
    function save() {
      const all = kept();
      for (const key of Object.keys(keeps)) {
        const value = String(lab.now[key] ?? "");
        value === String(start[key] ?? "") ? all.delete(name + "." + key) : all.set(name + "." + key, value);
      }
      history.replaceState(null, "", String(all) ? "#" + all : location.pathname + location.search);
    }
    function load() {
      if (root.dataset.ready && named()) return;
      const all = kept();
      const got = (key) => all.get(name + "." + key);
      clearTimeout(waiting);
      const read = ([key, kind]) => [key, got(key) === null ? kind.start : kind.read(got(key))];
      lab.now = Object.fromEntries(Object.entries(keeps).map(read));
      followed = mine(...(all.get("fault") || "").split("."));
      if (followed && got("breaks") === null) lab.now.breaks = [followed];
      render();
    }
    // A break that the page opens, in its address or by an event, is switched on alone; when the page closes it, it goes.
    const mine = (of, fault) => (of === name && keeps.breaks ? keeps.breaks.tidy([fault])[0] : undefined);
    function follow({ detail: { lab: of, fault } }) {
      const [now, before] = [mine(of, fault), followed];
      if (of !== name || now === before) return;
      followed = now;
      set({ breaks: now ? [now] : lab.now.breaks.filter((one) => one !== before) });
    }

    /* The control of a number: a slider over its range, or over one of some, with what `says` makes of it. */
    function slider(key, says) {
      const { of, least, most, step } = { least: 0, most: keeps[key].of?.length - 1, step: 1, ...keeps[key] };
      const input = make("input", { type: "range", min: least, max: most, step }), shown = make("output");
      on(input, "input", () => set({ [key]: of ? of[+input.value] : +input.value }));
      fresh.push(() => {
        input.value = of ? of.indexOf(lab.now[key]) : lab.now[key];
        say(shown, says(lab.now[key]));
        input.setAttribute("aria-label", says(lab.now[key]));
        input.setAttribute("aria-valuetext", lab.now[key]);
      });
      return { node: make("label", {}, shown, input), input };
    }
    /* The control of a number that is typed; of several numbers, the one at `at`. */
    function entry(key, says, at) {
      const { least, most, step } = keeps[key];
      const input = make("input", { type: "number", min: least, max: most, step });
      const read = (all) => (at === undefined ? all : all[at]);
      on(input, "input", () => {
        if (!input.validity.valid || input.value === "") return;
        const value = snap(+input.value, least, most, step);
        set({ [key]: at === undefined ? value : lab.now[key].map((old, s) => (s === at ? value : old)) });
      });
      on(input, "change", () => (input.value = read(lab.now[key])));
      const typing = () => document.activeElement === input && (!input.validity.valid || input.value === "");
      fresh.push(() => { if (!typing() && +input.value !== read(lab.now[key])) input.value = read(lab.now[key]); });
      return make("label", {}, says, input);
    }
    function entries(key, names) {
      return make("div", { className: "row" }, ...names.map((name, at) => entry(key, name, at)));
    }
    /* A switch for each break, named and told. */
    function switches() {
      const box = ([name, says]) => {
        const input = make("input", { type: "checkbox" });
        on(input, "change", () => {
          const others = lab.now.breaks.filter((other) => other !== name);
          set({ breaks: keeps.breaks.tidy(input.checked ? [...others, name] : others) });
        });
        fresh.push(() => (input.checked = lab.has(name)));
        return make("label", {}, input, make("code", {}, name), " " + says);
      };
      return make("div", { className: "boxes" }, ...keeps.breaks.says.map(box));
    }
    /* A question that must be guessed at before `told` is shown. */
    function question(key) {
      const asked = make("div"), said = make("p", { "aria-live": "polite", tabIndex: -1 });
      let shown = "";
      function show(asks, answers, told) {
        const open = lab.now[key] === null, now = JSON.stringify([open, asks, answers]);
        if (now !== shown) {
          const guess = (at) => { set({ [key]: at }); said.focus({ preventScroll: true }); };
          const buttons = answers.map((one, at) => button(one, () => guess(at)));
          asked.replaceChildren(...(open ? [make("p", {}, asks), make("p", {}, ...buttons)] : []));
          shown = now;
        }
        say(said, open ? "" : told(Math.min(lab.now[key], answers.length - 1)));
      }
      return { node: make("div", { className: "question" }, asked, said), show };
    }
    const copy = button("copy link", () => {
      save();
      const done = () => say(copy, "copied"), not = () => say(copy, "it is in the address bar");
      navigator.clipboard ? navigator.clipboard.writeText(location.href).then(done, not) : not();
    });
    fresh.push(() => say(copy, "copy link"));
    lab.buttons = make("p", {}, copy, button("reset", () => set(start)));

    demo = build(lab);
    root.replaceChildren(make("style", {}, `${HOUSE} [data-demo="${name}"] { ${style} }`), ...demo.parts);
    (window.__lab = window.__lab || {})[name] = { state: () => ({ ...lab.now, ...demo.state() }) };
    addEventListener("hashchange", load);
    document.addEventListener("break", follow);
    load();
    root.dataset.ready = "true";
  }

  window.Lab = { register, number, numbers, one, text, breaks, make, draw, on, say, note, heat, movable, findings, limit, snap, digits };
})();
