/* From a depth map to a surface. Pure arithmetic on plain arrays: no page, no WebGL. */

const FULL = 65535;
const FAR = 16 / 255; // the contract: the farthest point of a person is 16 of 255, everything else 0
const RIM = 0.4997; // the silhouette runs where half of a cell is a person; a share of exactly that would put two points on one

/** How far the eye stands from the picture's plane, in heights of the longer edge: a lens of about 35 degrees. */
export const EYE = 1.6;

/**
 * A depth map made smaller. `map`: {width, height, data: Uint16Array}, 0 where nobody is. Each cell of the result, at most
 * `edge` on its longer side, has `alpha`, the share of its pixels that are a person, and `near`, the mean of those
 * pixels, 0 at the farthest point of a person to 1 at the nearest; linear in inverse depth as the map itself is.
 */
export function shrink(map, edge) {
  const { width, height } = raster(map, edge);
  const near = new Float32Array(width * height);
  const alpha = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const [top, bottom] = span(y, height, map.height);
    for (let x = 0; x < width; x++) {
      const [left, right] = span(x, width, map.width);
      let sum = 0;
      let count = 0;
      for (let row = top; row < bottom; row++) {
        for (let at = row * map.width + left; at < row * map.width + right; at++) {
          sum += map.data[at];
          count += map.data[at] > 0;
        }
      }
      const cell = y * width + x;
      alpha[cell] = count / ((bottom - top) * (right - left));
      near[cell] = count ? Math.max(0, (sum / count / FULL - FAR) / (1 - FAR)) : 0;
    }
  }
  return { width, height, near, alpha };
}

/** The size of a picture made no larger than `edge` on its longer side. */
export function raster({ width, height }, edge) {
  const scale = Math.min(1, edge / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

function span(cell, cells, pixels) {
  const from = Math.floor((cell * pixels) / cells);
  return [from, Math.max(from + 1, Math.floor(((cell + 1) * pixels) / cells))];
}

/**
 * Fill what has no weight from what is around it (pull and push: Gortler and others, The Lumigraph, 1996, 3.3): averages over
 * ever larger cells on the way up, and on the way down each cell takes what it lacks from the one above.
 * `values`: `channels` numbers for each cell; `weights`: 0 to 1 for each cell. Returns new values, none missing where
 * any cell has weight.
 */
export function fill(values, weights, width, height, channels = 1) {
  const full = Float32Array.from(values);
  if (width === 1 && height === 1) return full;
  const w = Math.ceil(width / 2);
  const h = Math.ceil(height / 2);
  const sums = new Float32Array(w * h * channels);
  const shares = new Float32Array(w * h);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const weight = weights[y * width + x];
      const above = (y >> 1) * w + (x >> 1);
      shares[above] += weight;
      for (let c = 0; c < channels; c++) sums[above * channels + c] += weight * values[(y * width + x) * channels + c];
    }
  }
  for (let above = 0; above < w * h; above++) {
    if (shares[above] > 0) for (let c = 0; c < channels; c++) sums[above * channels + c] /= shares[above];
    shares[above] = Math.min(1, shares[above]);
  }
  const coarse = fill(sums, shares, w, h, channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const weight = Math.min(1, weights[y * width + x]);
      if (weight === 1) continue;
      for (let c = 0; c < channels; c++) {
        const at = (y * width + x) * channels + c;
        full[at] = weight * full[at] + (1 - weight) * sample(coarse, w, h, channels, c, (x - 0.5) / 2, (y - 0.5) / 2);
      }
    }
  }
  return full;
}

function sample(values, width, height, channels, channel, x, y) {
  const left = Math.min(width - 1, Math.max(0, Math.floor(x)));
  const top = Math.min(height - 1, Math.max(0, Math.floor(y)));
  const right = Math.min(width - 1, left + 1);
  const bottom = Math.min(height - 1, top + 1);
  const u = Math.min(1, Math.max(0, x - left));
  const v = Math.min(1, Math.max(0, y - top));
  const at = (column, row) => values[(row * width + column) * channels + channel];
  return (1 - v) * ((1 - u) * at(left, top) + u * at(right, top)) + v * ((1 - u) * at(left, bottom) + u * at(right, bottom));
}

const REACH = 3; // cells that values are carried outward; the rim needs one, diagonal edges two
const SMOOTHINGS = 2; // the grid is finer than the network sees: what this takes away is the steps between its cells

/**
 * `near` for a surface: cells that are a person only in part take their value from whole ones beside them, which know
 * better, and steps finer than the network are smoothed away.
 */
function smooth({ width, height, near, alpha }) {
  const known = alpha.map((share) => (share === 1 ? 1 : 0));
  const values = Float32Array.from(near);
  const pass = (take, weights) => {
    const before = values.slice();
    const certain = known.slice();
    for (let cell = 0; cell < values.length; cell++) {
      if (take(certain[cell])) {
        const mean = around(before, certain, cell, width, height, weights);
        if (mean === undefined) continue;
        values[cell] = mean;
        known[cell] = 1;
      }
    }
  };
  for (let step = 0; step < REACH; step++) pass((certain) => !certain, [0, 1, 1]);
  for (let step = 0; step < SMOOTHINGS; step++) pass((certain) => certain, [4, 2, 1]);
  return values;
}

/** The mean of the certain ones among a cell and its neighbours; `weights`: of itself, of those beside, of those across. */
function around(values, certain, cell, width, height, weights) {
  const x = cell % width;
  const y = (cell - x) / width;
  let sum = 0;
  let share = 0;
  for (let dy = -1; dy <= 1; dy++) {
    if (y + dy < 0 || y + dy >= height) continue;
    for (let dx = -1; dx <= 1; dx++) {
      if (x + dx < 0 || x + dx >= width) continue;
      const other = cell + dy * width + dx;
      const weight = certain[other] * weights[Math.abs(dx) + Math.abs(dy)];
      sum += weight * values[other];
      share += weight;
    }
  }
  return share ? sum / share : undefined;
}

/**
 * The surface of a relief, cut along its silhouette, so that no wall runs from a person to the background.
 * Returns {points, uv, triangles}: points as [column, row, near] of the relief's raster, uv with v downward, triangles
 * anticlockwise as seen from the eye. Marching squares: where an edge of the raster crosses the rim, a point is put on the
 * crossing, and both neighbours share it.
 */
export function surface(relief) {
  const { width, height, alpha } = relief;
  const near = smooth(relief);
  const points = [];
  const uv = [];
  const triangles = [];
  const place = (x, y, value) => {
    points.push(x, y, value);
    uv.push((x + 0.5) / width, (y + 0.5) / height);
    return points.length / 3 - 1;
  };
  const inside = (cell) => alpha[cell] >= RIM;
  const corners = new Int32Array(width * height).fill(-1);
  const crossings = new Map();
  const corner = (cell) => {
    if (corners[cell] < 0) corners[cell] = place(cell % width, Math.floor(cell / width), near[cell]);
    return corners[cell];
  };
  const crossing = (one, other) => {
    const [a, b] = one < other ? [one, other] : [other, one];
    const name = a * 2 + (b - a === 1 ? 0 : 1); // the edge to the right of a cell, or the one below it
    let found = crossings.get(name);
    if (found === undefined) {
      const t = (RIM - alpha[a]) / (alpha[b] - alpha[a]);
      const x = (a % width) + (b - a === 1 ? t : 0);
      const y = Math.floor(a / width) + (b - a === 1 ? 0 : t);
      found = place(x, y, near[a] + t * (near[b] - near[a]));
      crossings.set(name, found);
    }
    return found;
  };
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      const first = y * width + x;
      const around = [first, first + width, first + width + 1, first + 1]; // anticlockwise, rows run downward
      const outline = [];
      for (let each = 0; each < 4; each++) {
        const cell = around[each];
        const next = around[(each + 1) % 4];
        if (inside(cell)) outline.push(corner(cell));
        if (inside(cell) !== inside(next)) outline.push(crossing(cell, next));
      }
      for (let each = 2; each < outline.length; each++) triangles.push(outline[0], outline[each - 1], outline[each]);
    }
  }
  return { points: Float32Array.from(points), uv: Float32Array.from(uv), triangles: Uint32Array.from(triangles) };
}

/**
 * Where a surface's points stand before the eye: x to the right, y up, z toward the eye, the picture's plane at z = 0 and
 * its longer edge 1. Each point moves along its own ray, so that seen from (0, 0, EYE) the picture is as it was taken.
 * `strength`: how far the nearest point comes forward, 0 to less than EYE. Near is linear in inverse depth, hence the quotient.
 */
export function stand(points, { width, height }, strength) {
  const long = Math.max(width, height);
  const gain = EYE / (EYE - strength) - 1;
  const standing = new Float32Array(points.length);
  for (let at = 0; at < points.length; at += 3) {
    const share = 1 / (1 + points[at + 2] * gain);
    standing[at] = ((points[at] + 0.5 - width / 2) / long) * share;
    standing[at + 1] = ((height / 2 - points[at + 1] - 0.5) / long) * share;
    standing[at + 2] = EYE * (1 - share);
  }
  return standing;
}

/** A depth of relief that suits the person: half of the shorter side of the box that holds it, 0.1 to 0.6. */
export function fittingStrength({ width, height, alpha }) {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let cell = 0; cell < alpha.length; cell++) {
    if (alpha[cell] < RIM) continue;
    const x = cell % width;
    const y = Math.floor(cell / width);
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
  }
  const side = Math.min(right - left, bottom - top) / Math.max(width, height);
  return Math.min(0.6, Math.max(0.1, side / 2));
}
