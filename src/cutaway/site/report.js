(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("report-data").textContent);
  const faults = Array.from(document.querySelectorAll("details.fault"));

  // The address says which break is open: #fault=lab.name, beside whatever the demos keep there.
  const state = () => new URLSearchParams(location.hash.slice(1));
  function remember(chosen) {
    const now = state();
    now.delete("fault");
    const rest = now.toString();
    const hash = [chosen ? chosen.id : "", rest].filter(Boolean).join("&");
    history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
  }

  function show(lab, fault) {
    const section = document.getElementById("lab-" + lab);
    const silent = [];
    for (const [name, measured] of Object.entries(data[lab])) {
      const figure = document.getElementById("figure-" + name);
      const known = !fault || measured.includes(fault);
      const prefix = name + "-series-";
      const series = Array.from(figure.querySelectorAll("g[id]")).filter((g) => g.id.startsWith(prefix));
      const drawn = series.some((g) => g.id === prefix + encodeURIComponent(fault));
      for (const g of series) {
        const kept = ["clean", encodeURIComponent(fault)].includes(g.id.slice(prefix.length));
        g.classList.toggle("dim", Boolean(fault) && drawn && !kept);
      }
      figure.classList.toggle("silent", !known);
      figure.querySelector(".unmeasured").hidden = known;
      const beside = figure.querySelector(".beside");
      if (beside) beside.hidden = !fault || !known;
      if (!known) silent.push(name.slice(lab.length + 1));
    }
    const not = silent.length ? " Not measured for this break: " + silent.join(", ") + "." : "";
    section.querySelector(".live").textContent = fault ? "The figures show " + fault + " beside clean." + not : "";
  }

  for (const one of faults) {
    one.firstElementChild.title = one.firstElementChild.getAttribute("aria-label");
    one.addEventListener("toggle", () => {
      const lab = one.dataset.lab;
      if (one.open) {
        faults.filter((other) => other !== one && other.dataset.lab === lab).forEach((other) => (other.open = false));
      }
      const open = faults.find((other) => other.open && other.dataset.lab === lab);
      show(lab, open ? open.dataset.fault : null);
      remember(open);
    });
  }

  function follow() {
    const chosen = document.getElementById("fault=" + state().get("fault"));
    if (chosen && !chosen.open) {
      chosen.open = true;
      chosen.firstElementChild.scrollIntoView({ block: "center" });
    }
  }
  addEventListener("hashchange", follow);

  // The figures stay beside the code: a column taller than the window stops when its end is seen.
  const measure = new ResizeObserver((all) => all.forEach((one) => one.target.style.setProperty("--tall", one.target.offsetHeight + "px")));
  document.querySelectorAll(".figures-column").forEach((one) => measure.observe(one));
  follow();
})();
