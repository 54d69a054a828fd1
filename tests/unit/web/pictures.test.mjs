import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { curl } from "../../../infra/web/playground/calling.js";
import { formatOf, stem } from "../../../infra/web/playground/picture.js";

const bytes = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

test("a file is told by its bytes and not by its name", async () => {
  const jpeg = await readFile(new URL("../../../examples/portrait.jpg", import.meta.url));
  const png = await readFile(new URL("../../../infra/web/pictures/noor-depth.png", import.meta.url));
  assert.equal(formatOf(jpeg), "jpeg");
  assert.equal(formatOf(png), "png");
  assert.equal(formatOf(bytes("RIFF\x10\0\0\0WEBPVP8 ")), "webp");
  assert.equal(formatOf(bytes("RIFF\x10\0\0\0WAVEfmt ")), "unknown");
  assert.equal(formatOf(bytes("\0\0\0\x18ftypheic\0\0\0\0mif1heic")), "heic");
  assert.equal(formatOf(bytes("\0\0\0\x18ftypmif1\0\0\0\0mif1heic")), "heic");
  assert.equal(formatOf(bytes("\0\0\0\x1cftypavif\0\0\0\0avifmif1")), "avif");
  assert.equal(formatOf(bytes("<svg onload=alert(1)>")), "svg");
  assert.equal(formatOf(bytes("")), "unknown");
});

test("a name becomes a file name that no system stumbles over", () => {
  assert.equal(stem("IMG_0012.JPG"), "IMG_0012");
  assert.equal(stem("Zoë am Meer.png"), "Zoë-am-Meer");
  assert.equal(stem('a"b<c>.webp'), "a-b-c");
  assert.equal(stem("...."), "portrait");
  assert.ok(stem("x".repeat(500)).length <= 80);
  assert.doesNotMatch(stem("../../etc/passwd.png"), /[/\\]|^\./);
});

test("the line for a terminal holds no text that somebody else chose", () => {
  assert.match(curl("https://a.example", "IMG_1.jpg"), /image_file=@IMG_1\.jpg /);
  for (const name of ["a;rm -rf ~.jpg", "$(id).jpg", "`id`", "a b.jpg", "-o x\n", "'"]) {
    assert.match(curl("https://a.example", name), /image_file=@portrait\.jpg /);
  }
});
