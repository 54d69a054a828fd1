// Node's own fetch with FormData: node fetch.mjs URL KEY PICTURE RESULT; prints status and headers as JSON.
import { readFileSync, writeFileSync } from "node:fs";

const [url, key, picture, result] = process.argv.slice(2);
const form = new FormData();
form.append("image_file", new Blob([readFileSync(picture)], { type: "image/jpeg" }), "portrait.jpg");
const answer = await fetch(url, { method: "POST", headers: { "x-api-key": key }, body: form });
writeFileSync(result, Buffer.from(await answer.arrayBuffer()));
console.log(JSON.stringify({ status: answer.status, headers: Object.fromEntries(answer.headers) }));
