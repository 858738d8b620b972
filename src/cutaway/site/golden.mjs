/* Holds a demo to golden cases: node --test golden.mjs, where CUTAWAY_GOLDEN names a file with the scripts and the
   cases. Without cases it prints what the demo offers: its breaks, and which two it allows at once. No page is needed. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";

const read = (path) => readFileSync(path, "utf8");
const { shared, demo, cases, tolerance } = JSON.parse(read(process.env.CUTAWAY_GOLDEN));

/* What the demo registers. */
function registered() {
  const page = vm.createContext({});
  let found;
  page.window = page;
  vm.runInContext(read(shared), page, { filename: shared });
  page.Lab.register = (name, made) => (found = made);
  vm.runInContext(read(demo), page, { filename: demo });
  return found;
}

/* The state of a case, read as from an address, so that no case is held which the demo cannot show. */
function shown(keeps, state, at) {
  for (const key of Object.keys(state)) assert.ok(key in keeps, `${at}: the demo keeps no ${key}`);
  const known = ([key, kind]) => {
    const value = key in state ? kind.read(String(state[key])) : kind.start;
    if (key in state) assert.equal(String(value), String(state[key]), `${at}: no control of the demo gives this ${key}`);
    return [key, value];
  };
  return Object.fromEntries(Object.entries(keeps).map(known));
}

/* Golden numbers that are not finite are written as words. */
function same(found, golden, at) {
  if (typeof golden === "object" && golden !== null) {
    const keys = (all) => Object.keys(all ?? {}).sort().join();
    assert.equal(keys(found), keys(golden), `${at}: what there is differs`);
    for (const key of Object.keys(golden)) same(found[key], golden[key], `${at}.${key}`);
  } else if (typeof found === "number" && Number.isFinite(golden)) {
    const far = Math.abs(found - golden) / Math.max(1, Math.abs(golden));
    assert.ok(far <= tolerance, `${at}: the demo says ${found}, the component ${golden}`);
  } else {
    assert.ok(String(found) === String(golden), `${at}: the demo says ${found}, the component ${golden}`);
  }
}

const { keeps, numbers } = registered();
if (cases) {
  for (const { name, state, golden } of cases) test(name, () => same(numbers(shown(keeps, state, name)), golden, name));
} else {
  const names = keeps.breaks.says.map(([name]) => name);
  const pairs = names.flatMap((a, at) => names.slice(at + 1).map((b) => [a, b]));
  console.log(JSON.stringify({ breaks: names, pairs: pairs.filter((pair) => keeps.breaks.tidy(pair).length === 2) }));
}
