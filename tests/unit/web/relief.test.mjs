import assert from "node:assert/strict";
import { test } from "node:test";
import { EYE, fill, fittingStrength, raster, shrink, stand, surface } from "../../../infra/web/playground/relief.js";

const FARTHEST = Math.round((16 / 255) * 65535);

/** A map of this size with `value(x, y)` where it is not 0. */
function map(width, height, value) {
  const data = new Uint16Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[y * width + x] = value(x, y);
  return { width, height, data };
}

/** A disc in the middle, its depth a slope from left (farthest) to right (nearest). */
function disc(size) {
  const middle = (size - 1) / 2;
  return map(size, size, (x, y) => {
    if (Math.hypot(x - middle, y - middle) > size * 0.35) return 0;
    return FARTHEST + ((65535 - FARTHEST) * x) / (size - 1);
  });
}

test("the farthest point of a person is 0 and the nearest 1, whatever lies around them", () => {
  const { near, alpha } = shrink(map(4, 2, (x) => [0, FARTHEST, 65535, 65535][x]), 4);
  assert.deepEqual([...alpha.slice(0, 4)], [0, 1, 1, 1]);
  assert.ok(Math.abs(near[1]) < 1e-4);
  assert.equal(near[2], 1);
});

test("a smaller relief keeps the share of the person, and does not mix the background into the depth", () => {
  const { width, height, near, alpha } = shrink(map(100, 60, (x) => (x < 25 ? 0 : 65535)), 20);
  assert.deepEqual([width, height], [20, 12]);
  assert.equal(alpha.reduce((sum, share) => sum + share, 0) / alpha.length, 0.75);
  for (let cell = 0; cell < near.length; cell++) if (alpha[cell]) assert.equal(near[cell], 1);
});

test("a picture is never made larger, and never loses a side", () => {
  assert.deepEqual(raster({ width: 30, height: 20 }, 420), { width: 30, height: 20 });
  assert.deepEqual(raster({ width: 9000, height: 2 }, 420), { width: 420, height: 1 });
});

test("what is missing is filled from around it, and what is known stays", () => {
  const size = 33;
  const known = Float32Array.from({ length: size * size }, (_, cell) => (cell % size < 10 || cell % size > 22 ? 1 : 0));
  const values = known.map((weight, cell) => (weight ? 100 + (cell % size) : -1000));
  const full = fill(values, known, size, size);
  for (let cell = 0; cell < full.length; cell++) {
    if (known[cell]) assert.equal(full[cell], values[cell]);
    else assert.ok(full[cell] > 99 && full[cell] < 134, `${full[cell]} at ${cell % size}`);
  }
});

test("every triangle of a surface looks at the eye, and none hangs out over the background", () => {
  const relief = shrink(disc(120), 60);
  const made = surface(relief);
  assert.ok(made.triangles.length > 3000);
  for (let at = 0; at < made.triangles.length; at += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => made.points.subarray(made.triangles[at + k] * 3, made.triangles[at + k] * 3 + 3));
    // Rows run downward, so that anticlockwise for the eye is negative here.
    assert.ok((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) <= 0);
  }
  const middle = 29.5;
  for (let at = 0; at < made.points.length; at += 3) {
    assert.ok(Math.hypot(made.points[at] - middle, made.points[at + 1] - middle) < 60 * 0.35 + 0.75);
  }
});

test("a surface has no wall at the silhouette: the rim is as near as the person beside it", () => {
  const relief = shrink(disc(120), 60);
  const made = surface(relief);
  for (let at = 0; at < made.points.length; at += 3) {
    assert.ok(Math.abs(made.points[at + 2] - made.points[at] / 59) < 0.06);
  }
});

test("neighbours share their points, so that the mesh has no seam", () => {
  const made = surface(shrink(disc(120), 60));
  const places = new Set();
  for (let at = 0; at < made.points.length; at += 3) places.add(`${made.points[at]} ${made.points[at + 1]}`);
  assert.equal(places.size, made.points.length / 3);
});

test("nobody in the picture makes an empty surface", () => {
  const made = surface(shrink(map(40, 30, () => 0), 40));
  assert.equal(made.triangles.length, 0);
  assert.equal(made.points.length, 0);
});

test("seen from where the picture was taken, a relief of any strength is the picture", () => {
  const relief = { width: 40, height: 60 };
  const points = Float32Array.from([5, 7, 0, 5, 7, 0.5, 5, 7, 1]);
  for (const strength of [0, 0.3, 0.9]) {
    const standing = stand(points, relief, strength);
    for (let at = 0; at < 9; at += 3) {
      const scale = EYE / (EYE - standing[at + 2]);
      assert.ok(Math.abs(standing[at] * scale - (5.5 - 20) / 60) < 1e-6);
      assert.ok(Math.abs(standing[at + 1] * scale - (30 - 7.5) / 60) < 1e-6);
    }
    assert.equal(standing[2], 0);
    assert.ok(Math.abs(standing[8] - strength) < 1e-6, "the nearest point comes forward by the strength");
  }
});

test("depth between far and near is linear in inverse distance", () => {
  const standing = stand(Float32Array.from([0, 0, 0, 0, 0, 0.5, 0, 0, 1]), { width: 1, height: 1 }, 0.8);
  const inverse = [2, 5, 8].map((at) => 1 / (EYE - standing[at]));
  assert.ok(Math.abs(inverse[1] - (inverse[0] + inverse[2]) / 2) < 1e-6);
});

test("a person who fills the picture comes farther forward than one at the back of it", () => {
  const close = shrink(disc(100), 100);
  const away = shrink(map(100, 100, (x, y) => (Math.hypot(x - 50, y - 50) < 8 ? 65535 : 0)), 100);
  assert.ok(fittingStrength(close) > fittingStrength(away));
});
