/* The call itself. XMLHttpRequest, because fetch doesn't tell how much of an upload has gone out. */

import { Problem, problemIn, unreachable } from "../account/client.js";

const PATH = "/portrait-depth-estimation/v1";

/** What is asked for, by what it is of. 8 bits are enough to look at normals, and 48 would be too large an answer on AWS. */
const CALLS = {
  depth: { path: PATH, output_format: "png16" },
  normals: { path: "/portrait-surface-normals/v1", output_format: "png" },
};
const PATIENCE_MS = 60_000; // the service answers within 25 s; the rest is for a slow line after the upload

/**
 * Send a picture, receive a map of it: `subject` is "depth" (16 bits) or "normals" (8 bits a channel). `repeatKey` makes a repeat free (Idempotency-Key). `onSent(share)` is told 0 to
 * 1 while the picture goes out; at 1 the service works. Resolves to {png: Blob, remaining, consumed, coverage, seconds};
 * rejects with a Problem, code `cancelled` after `signal`.
 */
export function callFor(subject, { picture, name, key, repeatKey, onSent, signal }) {
  const form = new FormData();
  form.append("image_file", picture, name);
  form.append("output_format", CALLS[subject].output_format);
  const request = new XMLHttpRequest();
  const began = performance.now();
  return new Promise((resolve, reject) => {
    request.open("POST", CALLS[subject].path);
    request.responseType = "blob";
    request.setRequestHeader("x-api-key", key);
    request.setRequestHeader("idempotency-key", repeatKey);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onSent(event.loaded / event.total);
    };
    request.upload.onload = () => {
      onSent(1);
      request.timeout = performance.now() - began + PATIENCE_MS;
    };
    request.onload = () => answered(request, began).then(resolve, reject);
    request.onerror = () => reject(unreachable());
    request.ontimeout = () => reject(new Problem({ code: "unreachable", error: "No answer came in time." }));
    request.onabort = () => reject(new Problem({ code: "cancelled", error: "Cancelled." }));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}

async function answered(request, began) {
  if (request.status !== 200) {
    throw problemIn(request.status, await request.response.text(), request.getResponseHeader("retry-after"));
  }
  const header = (name) => Number(request.getResponseHeader(name));
  return {
    png: request.response,
    remaining: header("x-remaining-credits"),
    consumed: header("x-credits-consumed"),
    coverage: header("x-person-coverage"),
    seconds: (performance.now() - began) / 1000,
  };
}

/** Credits of the account that a key belongs to; costs nothing. */
export async function creditsOf(key) {
  let answer;
  let text;
  try {
    answer = await fetch("/account/v1", { headers: { "x-api-key": key }, credentials: "omit", cache: "no-store" });
    text = await answer.text();
  } catch {
    throw unreachable();
  }
  if (!answer.ok) throw problemIn(answer.status, text, answer.headers.get("retry-after"));
  return JSON.parse(text).credits;
}

/** The same call for a terminal. The key is not in it, so that it can be shown and pasted anywhere. */
export function curl(origin, name) {
  const safe = /^[\w.-]+$/.test(name) ? name : "portrait.jpg";
  return [
    `curl -X POST ${origin}${PATH} \\`,
    `  -H 'x-api-key: YOUR_API_KEY' \\`,
    `  -F image_file=@${safe} -F output_format=png16 -o depth.png`,
  ].join("\n");
}
