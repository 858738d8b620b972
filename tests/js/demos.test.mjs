/* What every demo shares, on a page that is only pretended: a demo follows the break that its page opens. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";

const SHARED = readFileSync(new URL("../../src/cutaway/site/demo.js", import.meta.url), "utf8");

/* A page at an address, with a demo named "lab" that has the switches a, b and c, of which b and c exclude each other. */
function opened(hash, keeps = (Lab) => ({ breaks: Lab.breaks({ a: "", b: ["line", ""], c: ["line", ""] }) })) {
  const heard = {}, nothing = () => {};
  const listens = { addEventListener: (event, does) => (heard[event] = does) };
  const element = () => ({ style: {}, dataset: {}, append: nothing, replaceChildren: nothing, setAttribute: nothing, addEventListener: nothing });
  const root = element();
  const page = {
    ...listens, URLSearchParams, clearTimeout: nothing, location: { hash, pathname: "/page", search: "" }, SVGElement: class {},
    setTimeout: (does) => (page.later = does), history: { replaceState: (a, b, to) => (page.location.hash = to) },
    document: { ...listens, querySelector: () => root, createElement: element },
  };
  page.window = page;
  vm.runInContext(SHARED, vm.createContext(page));
  let lab;
  const build = (made) => { lab = made; return { parts: [], render: nothing, state: () => ({}) }; };
  page.Lab.register("lab", { keeps: keeps(page.Lab), style: "", numbers: (state) => [...state.breaks], build });
  return {
    root, on: () => [...lab.now.breaks], numbers: () => lab.numbers(), reader: (...breaks) => lab.set({ breaks }),
    opens: (fault, of = "lab") => heard.break({ detail: { lab: of, fault } }),
    moves: (to) => { page.location.hash = to; heard.hashchange(); },
    saved: () => { page.later?.(); return page.location.hash; },
  };
}

test("a break that the page opens is switched on alone", () => {
  const page = opened("#lab.breaks=b");
  page.opens("a");
  assert.deepEqual(page.on(), ["a"]);
  page.opens("c");
  assert.deepEqual(page.on(), ["c"]);
});

test("the numbers are those of the state that is shown", () => {
  const page = opened("");
  page.opens("a");
  assert.deepEqual([...page.numbers()], ["a"]);
});

test("what the page opened goes when the page closes it, and what the reader switched on stays", () => {
  const page = opened("");
  page.opens("a");
  page.reader("a", "b");
  page.opens(null);
  assert.deepEqual(page.on(), ["b"]);
  page.opens(null);
  assert.deepEqual(page.on(), ["b"]);
});

test("a page that closes what it never opened changes nothing", () => {
  const page = opened("#lab.breaks=a");
  page.opens(null);
  assert.deepEqual(page.on(), ["a"]);
});

test("a break without a switch closes the one before, and turns on nothing", () => {
  const page = opened("");
  for (const unknown of ["d", "toString", "__proto__", ""]) {
    page.opens("a");
    page.opens(unknown);
    assert.deepEqual(page.on(), []);
  }
});

test("the break of another lab is not this demo's affair", () => {
  const page = opened("#fault=lab.a");
  page.opens("b", "other");
  page.opens(null, "other");
  assert.deepEqual(page.on(), ["a"]);
});

test("a break that is opened again does not undo what the reader did since", () => {
  const page = opened("");
  page.opens("a");
  page.reader("a", "c");
  page.opens("a");
  assert.deepEqual(page.on(), ["a", "c"]);
});

test("a break that the address names is on when the page loads, and the page can close it", () => {
  const page = opened("#fault=lab.a");
  assert.deepEqual(page.on(), ["a"]);
  page.opens(null);
  assert.deepEqual(page.on(), []);
});

test("an address that names another lab, no switch or nothing turns on nothing", () => {
  for (const hash of ["", "#fault=", "#fault=lab", "#fault=lab.d", "#fault=other.a", "#fault=.a", "#fault=lab.constructor"]) {
    assert.deepEqual(opened(hash).on(), [], hash);
  }
});

test("what the address says of the demo itself counts before the page's break", () => {
  const page = opened("#fault=lab.a&lab.breaks=a,c");
  assert.deepEqual(page.on(), ["a", "c"]);
  page.opens(null);
  assert.deepEqual(page.on(), ["c"]);
});

test("a link on the page that names a break turns it on", () => {
  const page = opened("#lab.breaks=b");
  page.moves("#fault=lab.c");
  assert.deepEqual(page.on(), ["c"]);
  page.moves("#elsewhere"); // a place on the page
  assert.deepEqual(page.on(), ["c"]);
  page.moves("");
  assert.deepEqual(page.on(), []);
});

test("the address keeps the page's break, and what others keep there", () => {
  const page = opened("#fault=lab.a&other.x=1");
  page.reader("a", "b");
  assert.equal(page.saved(), "#fault=lab.a&other.x=1&lab.breaks=a%2Cb");
});

test("a demo without switches lets the page break what it likes", () => {
  const page = opened("#fault=lab.a", (Lab) => ({ x: Lab.number(1, 0, 9) }));
  page.opens("a");
  assert.equal(page.root.dataset.ready, "true");
});
