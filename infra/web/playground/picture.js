/* What a person offers: told by its bytes, measured, and refused here rather than after an upload of minutes. */

import { fileSize } from "../account/words.js";
import { FILE_BYTES, PIXELS } from "./limits.js";

const GOOD = { jpeg: "image/jpeg", png: "image/png", webp: "image/webp" };
const ADVICE = {
  heic: "HEIC is not supported. Export the photo as JPEG; on an iPhone, Settings > Camera > Formats > Most Compatible makes new photos JPEG.",
  avif: "AVIF is not supported. Save it as JPEG, PNG or WEBP.",
  gif: "GIF is not supported. Save it as JPEG, PNG or WEBP.",
  tiff: "TIFF and raw camera files are not supported. Save it as JPEG, PNG or WEBP.",
  pdf: "This is a PDF. Save the picture in it as JPEG or PNG.",
  svg: "This is an SVG drawing, not a photograph.",
  unknown: "This is not a JPEG, PNG or WEBP.",
};

/** A picture that can't be sent as it is. `convertible`: the browser can read it, and a JPEG of it can be sent. */
export class Unfit extends Error {
  constructor(message, { convertible = false } = {}) {
    super(message);
    this.name = "Unfit";
    this.convertible = convertible;
  }
}

/** "jpeg", "png", "webp", or what else the first bytes say: a name or a declared type proves nothing. */
export function formatOf(bytes) {
  const text = String.fromCharCode(...bytes.subarray(0, 64));
  if (text.startsWith("\xff\xd8\xff")) return "jpeg";
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") return "webp";
  if (text.slice(4, 8) === "ftyp") {
    const brands = text.slice(8, 32);
    if (/avi[fs]/.test(brands)) return "avif";
    if (/hei[cxms]|hev[cxms]|mif1|msf1/.test(brands)) return "heic";
  }
  if (text.startsWith("GIF8")) return "gif";
  if (text.startsWith("II*\0") || text.startsWith("MM\0*")) return "tiff";
  if (text.startsWith("%PDF")) return "pdf";
  if (/^\s*(<\?xml|<svg)/.test(text)) return "svg";
  return "unknown";
}

/**
 * A file as a picture to send: {file, name, format, width, height, url}. `width` and `height` upright, 0 where the browser
 * can't read it but the service may. Throws Unfit. The caller revokes `url`.
 */
export async function open(file, name = file.name || "picture") {
  if (file.size === 0) throw new Unfit("The file is empty.");
  const format = formatOf(new Uint8Array(await file.slice(0, 64).arrayBuffer()));
  const url = URL.createObjectURL(file);
  const size = await measure(url);
  try {
    refuse(file, format, size);
  } catch (unfit) {
    URL.revokeObjectURL(url);
    throw unfit;
  }
  return { file, name, format, ...size, url };
}

function refuse(file, format, size) {
  const convertible = size.width > 0;
  if (!GOOD[format]) throw new Unfit(ADVICE[format], { convertible });
  if (file.size > FILE_BYTES) {
    throw new Unfit(`The file is ${fileSize(file.size)}; the limit is ${fileSize(FILE_BYTES)}.`, { convertible });
  }
  if (size.width * size.height > PIXELS) {
    const megapixels = Math.ceil((size.width * size.height) / 1e5) / 10; // 25,000,001 pixels are more than 25
    throw new Unfit(`The picture has ${megapixels} megapixels; the limit is ${PIXELS / 1e6}.`, { convertible });
  }
}

async function measure(url) {
  try {
    const image = await load(url);
    return { width: image.naturalWidth, height: image.naturalHeight };
  } catch {
    return { width: 0, height: 0 };
  }
}

/** The image behind `url`, decoded. */
export async function load(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

/** A JPEG of a file that the browser can read, upright, of at most `pixels`. Throws Unfit where it can't be drawn. */
export async function convert(file, pixels = PIXELS) {
  const url = URL.createObjectURL(file);
  try {
    const image = await load(url);
    const scale = Math.min(1, Math.sqrt(pixels / (image.naturalWidth * image.naturalHeight)));
    return await jpeg(drawn(image, Math.floor(image.naturalWidth * scale), Math.floor(image.naturalHeight * scale)));
  } catch {
    throw new Unfit("This browser could not convert the picture.");
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** A canvas of this size, clear. */
export function blank(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

/** An image drawn on a canvas of this size. */
export function drawn(image, width, height) {
  const canvas = blank(width, height);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, width, height);
  return canvas;
}

/** The canvas as a JPEG file. */
export function jpeg(canvas, quality = 0.92) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Unfit("The picture is too large for this browser."))), "image/jpeg", quality);
  });
}

/** A name for the result: the picture's own without its suffix, safe in any file system. */
export function stem(name) {
  const bare = name.replace(/\.[^.]*$/, "").replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[.-]+|-+$/g, "");
  return bare.slice(0, 80) || "portrait";
}
