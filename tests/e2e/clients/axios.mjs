// axios with form-data, streaming the file (no Content-Length is known): node axios.mjs URL KEY PICTURE RESULT.
import { createReadStream, writeFileSync } from "node:fs";
import axios from "axios";
import FormData from "form-data";

const [url, key, picture, result] = process.argv.slice(2);
const form = new FormData();
form.append("image_file", createReadStream(picture));
const answer = await axios.post(url, form, {
  headers: { "x-api-key": key, ...form.getHeaders() },
  responseType: "arraybuffer",
  validateStatus: () => true,
});
writeFileSync(result, answer.data);
console.log(JSON.stringify({ status: answer.status, headers: answer.headers }));
