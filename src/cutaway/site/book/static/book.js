/* Code that scrolls can be scrolled by keyboard, too. */
(function () {
  "use strict";
  const reach = new ResizeObserver((seen) => seen.forEach(({ target }) => {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
  }));
  document.querySelectorAll("pre, .math-wrapper").forEach((one) => reach.observe(one));
})();

/* The listing as control panel: the break that is open, in the address, in a bar, in every figure and number. */
(function () {
  "use strict";
  const faults = Array.from(document.querySelectorAll("details.fault"));
  const figures = Array.from(document.querySelectorAll("[data-measured]"));
  const numbers = Array.from(document.querySelectorAll(".looked-up"));
  if (!figures.length || !faults.length) return;
  const clean = new Map(numbers.map((one) => [one, one.textContent]));

  function make(name, attributes, ...inside) {
    const made = Object.assign(document.createElement(name), attributes);
    made.append(...inside);
    return made;
  }
  const state = () => new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
  const open = () => faults.find((one) => one.open) || null;

  // The address says which break is open, #fault=lab.name, beside whatever the demos keep there.
  function remember(chosen) {
    const now = state();
    if (!chosen && !now.has("fault")) return;
    now.delete("fault");
    const hash = [chosen ? chosen.id : "", now.toString()].filter(Boolean).join("&");
    history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
  }

  // A figure without a series for this break says so, and shows nothing that could be taken for one.
  function redraw(place, fault) {
    const figure = place.querySelector("figure");
    const known = !fault || JSON.parse(place.dataset.measured).includes(fault);
    const prefix = place.dataset.lab + "-" + place.dataset.name + "-series-";
    const series = Array.from(figure.querySelectorAll("g[id]")).filter((g) => g.id.startsWith(prefix));
    const kept = ["clean", encodeURIComponent(fault)].map((name) => prefix + name);
    const drawn = series.some((g) => g.id === kept[1]);
    series.forEach((g) => g.classList.toggle("dim", Boolean(fault) && drawn && !kept.includes(g.id)));
    figure.classList.toggle("silent", !known);
    figure.querySelector(".unmeasured").hidden = known;
    const beside = figure.querySelector(".beside");
    if (beside) beside.hidden = !fault || !known;
    return known;
  }

  function rewrite(one, fault) {
    if (!one.dataset.follows) return;
    const broken = JSON.parse(one.dataset.follows);
    const known = fault && Object.hasOwn(broken, fault);
    one.textContent = !fault ? clean.get(one) : known ? broken[fault] : "(not measured for this break)";
    one.classList.toggle("broken", Boolean(known));
    one.classList.toggle("unmeasured", Boolean(fault) && !known);
  }

  for (const one of faults) one.firstElementChild.title = one.firstElementChild.getAttribute("aria-label");
  const choice = make("select", { id: "break-choice" }, make("option", { value: "" }, "nothing: the code as it is"));
  for (const one of faults) choice.append(make("option", { value: one.id }, one.dataset.fault));
  const live = make("p", { className: "live" });
  live.setAttribute("aria-live", "polite");
  const button = (says, does) => {
    const made = make("button", { type: "button" }, says);
    made.addEventListener("click", does);
    return made;
  };
  const to = button("Show the line", () => {
    const line = open();
    line.firstElementChild.scrollIntoView({ block: "center", behavior: "instant" });
    line.querySelector("summary").focus();
  });
  const copy = button("Copy link", () => {
    remember(open());
    const done = (said) => { live.textContent = said; };
    if (!navigator.clipboard) return done("The link is in the address bar.");
    navigator.clipboard.writeText(location.href).then(() => done("Copied."), () => done("The link is in the address bar."));
  });
  const bar = make("div", { className: "break-bar" }, make("label", { htmlFor: choice.id }, "Broken: "), choice, to, copy, live);
  bar.setAttribute("role", "region");
  bar.setAttribute("aria-label", "What is broken on this page");
  document.body.append(bar);

  function choose(chosen) {
    for (const one of faults) one.open = one === chosen;
  }
  choice.addEventListener("change", () => choose(document.getElementById(choice.value)));

  let shown;
  function show() {
    const chosen = open();
    if (chosen === shown) return;
    shown = chosen;
    const fault = chosen ? chosen.dataset.fault : null;
    const silent = figures.filter((one) => !redraw(one, fault)).length;
    numbers.forEach((one) => rewrite(one, fault));
    choice.value = chosen ? chosen.id : "";
    bar.classList.toggle("open", Boolean(chosen));
    to.disabled = !chosen;
    const not = silent ? " Not measured for this break: " + silent + " of " + figures.length + " figures." : "";
    live.textContent = chosen ? chosen.querySelector("summary").title.replace(/^Break \d+, /, "") + "." + not : "";
    remember(chosen);
    const detail = { lab: faults[0].dataset.lab, fault };
    document.dispatchEvent(new CustomEvent("break", { detail }));
  }
  for (const one of faults) {
    one.addEventListener("toggle", () => {
      if (one.open) choose(one);
      show();
    });
  }

  // A link to a place on the page leaves the break as it is.
  function follow() {
    const chosen = document.getElementById("fault=" + state().get("fault"));
    if (!chosen && (!location.hash || location.hash.includes("="))) choose(null);
    if (chosen && !chosen.open) {
      chosen.open = true;
      chosen.firstElementChild.scrollIntoView({ block: "center", behavior: "instant" });
    }
  }
  addEventListener("hashchange", follow);

  // A figure as PNG: what is seen, in the colours in which it is seen.
  function colours(from, into) {
    const seen = getComputedStyle(from);
    for (const name of ["color", "fill", "stroke", "opacity", "font-family", "font-size", "font-style", "font-weight", "stroke-width", "stroke-dasharray", "display"]) {
      into.style.setProperty(name, seen.getPropertyValue(name));
    }
    Array.from(from.children).forEach((child, at) => colours(child, into.children[at]));
  }
  function picture(svg, name) {
    const copied = svg.cloneNode(true);
    colours(svg, copied);
    const box = svg.viewBox.baseVal;
    copied.setAttribute("width", box.width * 2);
    copied.setAttribute("height", box.height * 2);
    const image = new Image();
    image.onload = () => {
      const canvas = make("canvas", { width: box.width * 2, height: box.height * 2 });
      const paper = canvas.getContext("2d");
      paper.fillStyle = getComputedStyle(document.body).backgroundColor;
      paper.fillRect(0, 0, canvas.width, canvas.height);
      paper.drawImage(image, 0, 0);
      make("a", { href: canvas.toDataURL("image/png"), download: name + ".png" }).click();
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(copied));
  }
  for (const one of figures) {
    const svg = one.querySelector(".drawing svg");
    if (svg) one.querySelector(".away").append(" · ", button("PNG", () => picture(svg, one.dataset.name)));
  }
  follow();
  show();
  const first = open(); // Other scripts may move it yet.
  if (first) addEventListener("load", () => first.firstElementChild.scrollIntoView({ block: "center", behavior: "instant" }));
})();
