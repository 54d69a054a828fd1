/* Meshes to take along, made here: GLB with the photograph on it, PLY with a colour in each point. */

import { BufferAttribute, CanvasTexture, Mesh, MeshStandardMaterial, Scene, SRGBColorSpace } from "three";
import { GLTFExporter } from "three/addons/exporters/GLTFExporter.js";
import { PLYExporter } from "three/addons/exporters/PLYExporter.js";
import { geometryOf } from "./scene.js";

/** A binary glTF 2.0 of a surface. `photo`: a canvas, or none for a bare mesh. The picture's longer edge is 1 m. */
export async function glb(made, strength, photo) {
  const material = new MeshStandardMaterial({ roughness: 1, metalness: 0 });
  material.name = "photograph";
  if (photo) {
    material.map = new CanvasTexture(photo);
    material.map.colorSpace = SRGBColorSpace;
    material.map.flipY = false;
    material.map.userData.mimeType = "image/jpeg";
  }
  const mesh = new Mesh(geometryOf(made, strength), material);
  mesh.name = "portrait";
  const scene = new Scene();
  scene.name = "portrait relief";
  scene.add(mesh);
  return new GLTFExporter().parseAsync(scene, { binary: true });
}

/** A binary PLY of a surface. `pixels`: {width, height, data} RGBA of the photograph at any size, or none for a bare mesh. */
export function ply(made, strength, pixels) {
  const geometry = geometryOf(made, strength);
  geometry.deleteAttribute("uv");
  const options = { binary: true, littleEndian: true };
  if (pixels) {
    // As bytes of our own naming: the exporter's "color" would become floats, which few programs read.
    geometry.setAttribute("tint", new BufferAttribute(coloursAt(made.uv, pixels), 3));
    options.customPropertyMapping = { tint: ["red", "green", "blue"] };
  }
  return new PLYExporter().parse(new Mesh(geometry), undefined, options);
}

function coloursAt(uv, { width, height, data }) {
  const colours = new Uint8Array((uv.length / 2) * 3);
  for (let point = 0; point < uv.length / 2; point++) {
    const x = Math.min(width - 1, Math.floor(uv[point * 2] * width));
    const y = Math.min(height - 1, Math.floor(uv[point * 2 + 1] * height));
    for (let c = 0; c < 3; c++) colours[point * 3 + c] = data[(y * width + x) * 4 + c];
  }
  return colours;
}
