// Turns a portrait into its depth map: node javascript.mjs portrait.jpg depth.jpg
import { readFile, writeFile } from "node:fs/promises";

const { PORTRAIT_DEPTH_URL = "http://127.0.0.1:8000", PORTRAIT_DEPTH_KEY } = process.env;

// After a lost connection, 429 or 5xx repeat with the same idempotencyKey: it is charged once.
async function depthMap(picture, idempotencyKey = crypto.randomUUID()) {
  const form = new FormData();
  form.append("image_file", new Blob([picture]), "portrait.jpg");
  const answer = await fetch(`${PORTRAIT_DEPTH_URL}/portrait-depth-estimation/v1`, {
    method: "POST",
    headers: { "x-api-key": PORTRAIT_DEPTH_KEY, "Idempotency-Key": idempotencyKey },
    body: form,
    signal: AbortSignal.timeout(30_000),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${(await answer.json()).error}`);
  console.log(answer.headers.get("x-remaining-credits"), "credits left");
  return Buffer.from(await answer.arrayBuffer());
}

const [picture, result] = process.argv.slice(2);
try {
  await writeFile(result, await depthMap(await readFile(picture)));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
