/* A worker: 16-bit PNG in, surface and backdrop out. A map of 25 megapixels would hold the page for seconds. */

import { decode } from "fast-png";
import { fill, fittingStrength, shrink, surface } from "./relief.js";

const NEAR_A_PERSON = 5; // cells; colours this close to the silhouette are still mixed with the person's

self.onmessage = ({ data: { png, photo, edge } }) => {
  try {
    const map = decode(png);
    if (map.depth !== 16 || map.channels !== 1) throw new Error("not a 16-bit depth map");
    const relief = shrink(map, edge);
    const made = surface(relief);
    const { width, height } = relief;
    const backdrop = photo && behind(photo, relief);
    const strength = fittingStrength(relief);
    self.postMessage({ width, height, ...made, strength, backdrop, full: { width: map.width, height: map.height } });
  } catch (error) {
    self.postMessage({ failed: String(error.message) });
  }
};

/** What may be behind the person: RGBA of the relief's raster, opaque where the person hides it, else clear. */
function behind(photo, { width, height, alpha }) {
  if (photo.width !== width || photo.height !== height) return undefined;
  const hidden = dilate(alpha.map((share) => (share > 0 ? 1 : 0)), width, height);
  const colours = new Float32Array(width * height * 3);
  for (let cell = 0; cell < width * height; cell++) {
    for (let c = 0; c < 3; c++) colours[cell * 3 + c] = photo.data[cell * 4 + c];
  }
  const filled = fill(colours, hidden.map((each) => 1 - each), width, height, 3);
  const shown = new Uint8ClampedArray(width * height * 4);
  for (let cell = 0; cell < width * height; cell++) {
    for (let c = 0; c < 3; c++) shown[cell * 4 + c] = filled[cell * 3 + c];
    shown[cell * 4 + 3] = 255 * hidden[cell];
  }
  return shown;
}

function dilate(mask, width, height) {
  const along = (from, step, count, stride, lines) => {
    const wide = from.slice();
    for (let line = 0; line < lines; line++) {
      for (let at = 0; at < count; at++) {
        if (!from[line * stride + at * step]) continue;
        for (let near = Math.max(0, at - NEAR_A_PERSON); near <= Math.min(count - 1, at + NEAR_A_PERSON); near++) {
          wide[line * stride + near * step] = 1;
        }
      }
    }
    return wide;
  };
  return along(along(mask, 1, width, width, height), width, height, 1, width);
}
