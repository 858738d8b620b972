/* The pure part of predict.js: scores against hand-made ones, and what a stored text may and may not do. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

const core = createRequire(import.meta.url)("../../src/cutaway/site/book/static/predict.js");
const WAYS = { lower: "loss is lower with b than with a", higher: "loss is higher with b than with a", same: "no difference" };
const ONE = { lab: "attention", digest: "0123456789ab", ways: WAYS, way: "lower", size: 0.4, unit: "nats", measured: "0.4 lower" };
const NULL = { ...ONE, way: "same", size: null };
const KEY = "attention/0123456789ab";
const GUESS = { way: "lower", sure: 80, amount: 0.5, right: true, factor: 1.25 };
const made = (sure, right, factor = null) => ({ way: "lower", sure, amount: null, right, factor });
const kept = (guesses, done = [], version = 1) => JSON.stringify({ version, guesses, done });

test("the Brier score is the mean squared distance of what was said from what was so", () => {
  assert.equal(core.brier([]), null);
  assert.equal(core.brier([made(50, true), made(50, false)]), 0.25);
  const mixed = [made(90, true), made(90, false), made(70, true), made(99, false)];
  assert.ok(Math.abs(core.brier(mixed) - (0.01 + 0.81 + 0.09 + 0.9801) / 4) < 1e-12);
});

test("every confidence from 50 to 99 falls into one bin, and a bin counts its right ones", () => {
  const all = Array.from({ length: 50 }, (_, at) => made(50 + at, at % 2 === 0));
  const bins = core.bins(all);
  assert.deepEqual(bins.map((b) => [b.from, b.to]), [[50, 59], [60, 69], [70, 79], [80, 89], [90, 99]]);
  assert.deepEqual(bins.map((b) => [b.n, b.right]), Array(5).fill([10, 5]));
  assert.deepEqual(core.bins([made(59, true), made(60, false)]).map((b) => [b.n, b.right]).slice(0, 2), [[1, 1], [1, 0]]);
});

test("a factor is the same for twice and for half, and there is none without two amounts", () => {
  assert.equal(core.factor(0.8, 0.4), 2);
  assert.equal(core.factor(0.2, 0.4), 2);
  assert.equal(core.factor(0.4, 0.4), 1);
  for (const [amount, size] of [[0, 1], [null, 1], [1, null], [1, 0], [NaN, 1], [-1, 1]]) assert.equal(core.factor(amount, size), null);
});

test("a median is the middle one, or lies half way between two, whatever their order", () => {
  assert.equal(core.median([]), null);
  assert.equal(core.median([10, 9, 100]), 10);
  assert.equal(core.median([4, 1, 3, 2]), 2.5);
});

test("a guess is right in its direction only, and its amount counts only then", () => {
  assert.deepEqual(core.guess(ONE, "lower", 80, 0.5), GUESS);
  assert.deepEqual(core.guess(ONE, "higher", 80, 0.5), { way: "higher", sure: 80, amount: 0.5, right: false, factor: null });
  assert.deepEqual(core.guess(ONE, "same", 60, 0.5), { way: "same", sure: 60, amount: null, right: false, factor: null });
  assert.deepEqual(core.guess(NULL, "same", 60, 0), { way: "same", sure: 60, amount: null, right: true, factor: null });
  for (const amount of [0, NaN, Infinity, -1]) assert.equal(core.guess(ONE, "lower", 80, amount).amount, null);
});

test("the score counts guesses, right ones, amounts and their median factor", () => {
  const found = core.score([made(75, true, 3), made(75, true, 2), made(75, false), made(75, true, 10)]);
  assert.deepEqual(found, { n: 4, right: 3, brier: 0.1875, amounts: 3, factor: 3 });
  assert.deepEqual(core.score([]), { n: 0, right: 0, brier: null, amounts: 0, factor: null });
});

test("a result that was measured again is another question, and its old guess keeps its score", () => {
  const again = { ...ONE, digest: "ba9876543210", way: "higher" };
  assert.equal(core.key(ONE), KEY);
  assert.notEqual(core.key(again), core.key(ONE));
  const { guesses } = core.read(kept({ [KEY]: GUESS }));
  assert.equal(guesses.has(core.key(again)), false);
  assert.equal(guesses.get(KEY).right, true);
});

test("what was written is read back", () => {
  const state = { guesses: new Map([[KEY, GUESS], ["lab/ba9876543210", made(99, false)]]), done: new Set(["attention", "bigram"]) };
  assert.deepEqual(core.read(core.written(state)), state);
});

test("what was guessed in the page can always be read back", () => {
  for (const amount of [1e-320, 1e308, Infinity, NaN, 0.1]) {
    for (const size of [1e-300, 1e300, null]) {
      const guess = core.guess({ ...ONE, size }, "lower", 70, amount);
      const state = { guesses: new Map([[KEY, guess]]), done: new Set() };
      assert.deepEqual(core.read(core.written(state)), state);
    }
  }
});

test("old or malformed data are as good as absent", () => {
  const texts = [null, undefined, "", "{", "null", "[]", "3", '"x"', "{}", kept({ [KEY]: GUESS }, ["a"], 0), kept({ [KEY]: GUESS }, ["a"], "1"),
    kept(null, null), kept("abc", "abc"), kept([GUESS], { a: 1 }), kept(3, 3)];
  for (const text of texts) assert.deepEqual(core.read(text), { guesses: new Map(), done: new Set() }, String(text));
});

test("a malformed entry is left out and the others stay", () => {
  const broken = [null, 3, "x", [], {}, { ...GUESS, way: "up" }, { ...GUESS, way: "toString" }, { ...GUESS, right: 1 }, { ...GUESS, sure: 49 },
    { ...GUESS, sure: 100 }, { ...GUESS, sure: 80.5 }, { ...GUESS, sure: "80" }, { ...GUESS, amount: 0 }, { ...GUESS, amount: "1" },
    { ...GUESS, factor: 0.5 }, { ...GUESS, factor: "2" }, { ...GUESS, factor: undefined }];
  for (const one of broken) {
    const { guesses } = core.read(kept({ "lab/000000000000": one, [KEY]: GUESS }));
    assert.deepEqual([...guesses], [[KEY, GUESS]], JSON.stringify(one));
  }
  const { done } = core.read(kept({}, ["attention", 3, null, "<img>", "", ["x"]]));
  assert.deepEqual([...done], ["attention"]);
});

test("no stored key reaches a prototype, and hostile keys are left out", () => {
  const text = `{"version": 1, "guesses": {"__proto__": ${JSON.stringify(GUESS)}, "<b>/0123456789ab": ${JSON.stringify(GUESS)}}, "done": ["__proto__"]}`;
  const state = core.read(text);
  assert.equal(state.guesses.size, 0);
  assert.equal({}.way, undefined);
  assert.deepEqual(core.read(core.written(state)), state);
});

test("a quiz asks at most five, those not guessed yet first, and four of five must be right", () => {
  const known = (one) => one <= 4;
  assert.deepEqual(core.chosen([1, 2, 3, 4, 5, 6, 7], known), [5, 6, 7, 1, 2]);
  assert.deepEqual(core.chosen([1, 2], known), [1, 2]);
  assert.deepEqual([1, 2, 3, 4, 5].map(core.enough), [1, 2, 3, 4, 4]);
});

test("what is said holds the guess, the measurement, and a factor that is never too small", () => {
  const said = core.told(ONE, core.guess(ONE, "lower", 80, 0.9));
  assert.equal(said, "You said: loss is lower with b than with a, by about 0.9 nats (80 % sure).\nMeasured: 0.4 lower.\n"
    + "Right; your amount was within a factor of 2.3.");
  assert.equal(core.told({ ...ONE, unit: "" }, core.guess(ONE, "same", 50, 0)), "You said: no difference (50 % sure).\nMeasured: 0.4 lower.\nWrong.");
  assert.match(core.told(ONE, core.guess(ONE, "lower", 80, 0.4)), /factor of 1\.$/);
  assert.equal(core.summary([]), "No guesses yet.");
  assert.match(core.summary([made(50, true, 2.01)]), /^1 of 1 guesses right; Brier score 0\.25 .* within a factor of 2\.1\.$/);
});
