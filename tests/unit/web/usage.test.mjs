import assert from "node:assert/strict";
import { test } from "node:test";
import { bars } from "../../../infra/web/account/usage.js";
import { counted, fileSize, money, noted, signed, unitPrice, utcDay } from "../../../infra/web/account/words.js";

test("bars stand in proportion, one call can still be seen, and no call is no bar", () => {
  const [none, one, many] = bars([{ calls: 0 }, { calls: 1 }, { calls: 1000 }]);
  assert.equal(none.height, 0);
  assert.ok(one.height >= 2);
  assert.equal(many.y, 0);
  assert.ok(none.x < one.x && one.x + one.width <= many.x);
});

test("a quarter without calls divides nothing by nothing", () => {
  for (const bar of bars(Array.from({ length: 90 }, () => ({ calls: 0 })))) assert.equal(bar.height, 0);
});

test("numbers read as people write them", () => {
  assert.equal(counted(1, "credit"), "1 credit");
  assert.equal(counted(1200, "credit"), "1,200 credits");
  assert.equal(signed(-500), "\u2212500");
  assert.equal(signed(100), "+100");
  assert.equal(money(2500, "usd"), "$25.00");
  assert.equal(unitPrice(1.98, "usd"), "$0.0198");
  assert.equal(unitPrice(2, "usd"), "$0.020");
  assert.equal(noted("pack-10000"), "Pack of 10,000");
  assert.equal(noted("pd_live_0a1B2c"), "pd_live_0a1B2c");
  assert.equal(fileSize(31_457_280), "30.0 MB");
  assert.equal(utcDay("2026-11-24"), "Nov 24");
});
