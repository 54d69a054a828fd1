import assert from "node:assert/strict";
import { test } from "node:test";
import validator from "gltf-validator";
import { glb, ply } from "../../../infra/web/playground/exporting.js";
import { shrink, surface } from "../../../infra/web/playground/relief.js";

// What the exporter asks of a browser and Node lacks; pictures, which need more, are tested in a browser.
globalThis.FileReader = class {
  readAsArrayBuffer(blob) {
    blob.arrayBuffer().then((bytes) => {
      this.result = bytes;
      this.onloadend();
    });
  }
};

function ball(size) {
  const data = new Uint16Array(size * size);
  for (let cell = 0; cell < data.length; cell++) {
    const [x, y] = [(cell % size) / size - 0.5, Math.floor(cell / size) / size - 0.5];
    const height = 0.16 - x * x - y * y;
    if (height > 0) data[cell] = 8000 + 140_000 * height;
  }
  const relief = shrink({ width: size, height: size, data }, size);
  return { width: size, height: size, ...surface(relief) };
}

test("a GLB is valid: the glTF validator of Khronos finds no error and no warning", async () => {
  const made = ball(60);
  const report = await validator.validateBytes(new Uint8Array(await glb(made, 0.4)));
  assert.deepEqual([report.issues.numErrors, report.issues.numWarnings], [0, 0], JSON.stringify(report.issues.messages));
  assert.equal(report.info.totalTriangleCount, made.triangles.length / 3);
  assert.equal(report.info.totalVertexCount, made.points.length / 3);
});

test("a PLY says in its header exactly what its body holds", () => {
  const made = ball(40);
  const pixels = { width: 1, height: 1, data: Uint8ClampedArray.of(10, 200, 30, 255) };
  const bytes = new Uint8Array(ply(made, 0.4, pixels));
  const end = "end_header\n";
  const text = new TextDecoder("latin1").decode(bytes);
  const header = text.slice(0, text.indexOf(end) + end.length);
  const vertices = Number(/element vertex (\d+)/.exec(header)[1]);
  const faces = Number(/element face (\d+)/.exec(header)[1]);
  assert.deepEqual([vertices, faces], [made.points.length / 3, made.triangles.length / 3]);
  assert.match(header, /^ply\nformat binary_little_endian 1\.0\n/);
  assert.match(header, /property float x\n.*property float nz\nproperty uchar red\nproperty uchar green\nproperty uchar blue\n/s);
  assert.equal(bytes.length, header.length + vertices * (6 * 4 + 3) + faces * (1 + 3 * 4));
  const first = new DataView(bytes.buffer, header.length);
  assert.ok(Math.abs(first.getFloat32(0, true)) <= 0.5);
  assert.deepEqual([first.getUint8(24), first.getUint8(25), first.getUint8(26)], [10, 200, 30]);
});
