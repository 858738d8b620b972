/* Entries that a form filters: by words in any order, and by choices. The address keeps both. */
(function () {
  "use strict";
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const words = (text) => plain(text).split(/[^\p{L}\p{N}_]+/u).filter(Boolean);

  // A word is found where another begins with it; no_mask is one word, and two.
  const known = (text) => " " + words(text + " " + text.replaceAll("_", " ")).join(" ");
  const fits = (query, text) => words(query).every((word) => text.includes(" " + word));
  if (typeof module === "object") module.exports = { known, fits };

  const form = typeof document === "object" ? document.querySelector("form[data-filter]") : null;
  if (!form) return;
  const entries = Array.from(document.querySelectorAll("[data-entry]"));
  const around = Array.from(document.querySelectorAll("section:has([data-entry])"));
  const sections = around.filter((one) => !one.contains(form));
  const none = document.querySelector(".none");
  const count = form.querySelector(".count");
  const query = form.elements.q;
  const choices = Array.from(form.querySelectorAll("select"));
  const chips = Array.from(form.querySelectorAll("[data-say]"));

  const sought = (entry) => Array.from(entry.querySelectorAll("[data-sought]"), (one) => one.textContent).join(" ");
  const texts = entries.map((entry) => known(sought(entry)));

  function filter() {
    let shown = 0;
    entries.forEach((entry, at) => {
      const chosen = choices.every((one) => !one.value || one.value === entry.dataset[one.name]);
      entry.hidden = !(chosen && fits(query.value, texts[at]));
      shown += entry.hidden ? 0 : 1;
    });
    sections.forEach((one) => (one.hidden = !one.querySelector("[data-entry]:not([hidden])")));
    none.hidden = shown > 0;
    chips.forEach((one) => one.setAttribute("aria-pressed", String(plain(one.dataset.say) === plain(query.value))));
    tell(shown);
  }

  let soon;
  function tell(shown) {
    const all = entries.length + " " + form.dataset.filter;
    clearTimeout(soon);
    soon = setTimeout(() => (count.textContent = shown === entries.length ? all : shown + " of " + all), 250);
  }

  // Beside #q=words the address may hold what other parts of the page keep there.
  const state = () => new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
  function keep() {
    const now = state();
    for (const one of [query, ...choices]) {
      if (one.value) now.set(one.name, one.value);
      else now.delete(one.name);
    }
    const rest = now.toString();
    history.replaceState(null, "", rest ? "#" + rest : location.pathname + location.search);
    filter();
  }
  function follow() {
    const now = state();
    for (const one of [query, ...choices]) {
      one.value = now.get(one.name) || "";
      if (one.selectedIndex === -1) one.value = "";
    }
    filter();
  }
  function say(text) {
    query.value = text;
    keep();
  }

  form.addEventListener("input", keep);
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const one of chips) {
    const pressed = () => one.getAttribute("aria-pressed") === "true";
    one.addEventListener("click", () => say(pressed() ? "" : one.dataset.say));
  }
  none.querySelector("[data-clear]").addEventListener("click", () => {
    choices.forEach((one) => (one.value = ""));
    say("");
    query.focus();
  });
  addEventListener("hashchange", follow);
  form.hidden = false;
  follow();
})();
