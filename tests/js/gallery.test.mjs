/* What a search in the failure gallery and in the ledger finds. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

const { known, fits } = createRequire(import.meta.url)("../../src/cutaway/site/book/static/gallery.js");
const TEXT = known("no_mask attention. Each token sees what it is to predict; validation loss too low, naïve inflated");

test("words are found in any order and in any case, and all of them must be there", () => {
  for (const query of ["loss too low", "LOW loss", "low, too: loss!", ""]) assert.ok(fits(query, TEXT), query);
  assert.ok(!fits("loss too high", TEXT));
});

test("a word is found where another begins with it, and not inside one", () => {
  assert.ok(fits("valid", TEXT));
  assert.ok(!fits("flat", TEXT) && !fits("idation", TEXT));
});

test("a name is found whole, by its parts, and without its accents", () => {
  for (const query of ["no_mask", "mask no", "no_m", "naive", "NAÏVE"]) assert.ok(fits(query, TEXT), query);
  assert.ok(!fits("no_token", TEXT));
});

test("what is written in a query is text and no pattern", () => {
  for (const query of ["(", ".*", "\\", "[a-z]"]) assert.equal(fits(query, TEXT), !/[a-z]/.test(query), query);
});
