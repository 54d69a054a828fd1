/* What can be downloaded: the service's file as it came, and what this browser makes of it. */

import { part, whileBusy } from "../account/elements.js";
import { fileSize } from "../account/words.js";
import { drawn, jpeg, load, stem } from "./picture.js";

/** Bring the buttons to life. `current()`: {name, png: Blob, relief} or undefined. */
export function offerDownloads(current) {
  for (const button of buttons()) {
    button.addEventListener("click", () => {
      const shown = current();
      if (!shown?.png) return;
      whileBusy(button, async () => {
        const told = part("download-told");
        told.textContent = "Making the file …";
        try {
          const { blob, suffix } = await MAKERS[button.dataset.download](shown);
          const name = `${stem(shown.name)}${suffix}`;
          save(blob, name);
          told.textContent = `${name}, ${fileSize(blob.size)}`;
        } catch {
          told.textContent = "Your browser could not make that file. The 16-bit PNG has everything.";
        }
      });
    });
  }
}

/** Meshes need the map to be read, the picture files don't; normals are only there after a call of their own. */
export function allowDownloads({ files, meshes, normals = false }) {
  for (const button of buttons()) {
    if (button.dataset.download === "normals") button.hidden = !normals;
    else button.disabled = !(["glb", "ply"].includes(button.dataset.download) ? meshes : files);
  }
}

const buttons = () => document.querySelectorAll("button[data-download]");

const MAKERS = {
  png16: async ({ png }) => ({ blob: png, suffix: "-depth-16bit.png" }),
  jpeg: async ({ png }) => ({ blob: await asJpeg(png), suffix: "-depth.jpg" }),
  normals: async ({ normals }) => ({ blob: normals, suffix: "-normals.png" }),
  glb: async ({ relief }) => {
    const { glb } = await import("./exporting.js");
    const bytes = await glb(relief.made, relief.strength, relief.photo);
    return { blob: new Blob([bytes], { type: "model/gltf-binary" }), suffix: ".glb" };
  },
  ply: async ({ relief }) => {
    const { ply } = await import("./exporting.js");
    const bytes = ply(relief.made, relief.strength, relief.pixels);
    return { blob: new Blob([bytes], { type: "application/octet-stream" }), suffix: ".ply" };
  },
};

async function asJpeg(png) {
  const url = URL.createObjectURL(png);
  try {
    const image = await load(url);
    return await jpeg(drawn(image, image.naturalWidth, image.naturalHeight), 0.95);
  } finally {
    URL.revokeObjectURL(url);
  }
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // Safari reads it late
}
