// Unpack avatars: no meshopt compression, no quantization, so that training.render.gltf can read them.
//
//   npm install @gltf-transform/core@4.5.1 @gltf-transform/extensions@4.5.1 @gltf-transform/functions@4.5.1 meshoptimizer
//   node unpack.mjs OUT FILE.glb ...
import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { NodeIO } from "@gltf-transform/core";
import { ALL_EXTENSIONS } from "@gltf-transform/extensions";
import { dequantize } from "@gltf-transform/functions";
import { MeshoptDecoder } from "meshoptimizer";

await MeshoptDecoder.ready;
const io = new NodeIO()
  .registerExtensions(ALL_EXTENSIONS)
  .registerDependencies({ "meshopt.decoder": MeshoptDecoder });
const [out, ...files] = process.argv.slice(2);
await mkdir(out, { recursive: true });
for (const file of files) {
  const document = await io.read(file);
  for (const extension of document.getRoot().listExtensionsUsed()) {
    if (/meshopt|quantization/.test(extension.extensionName)) extension.dispose();
  }
  await document.transform(dequantize());
  await io.write(join(out, basename(file)), document);
}
