/**
 * Pictures a target sends: which of the three formats it is and how large it claims to be, read from the first bytes before
 * any decoder sees them. Nothing else is ever handed to the decoder, which also knows formats that can name files.
 */
import { Image } from "@napi-rs/canvas";
import { DrawingFault, IMAGE_PIXELS_MOST, SIDE_MOST } from "./limits.js";

interface Size {
  readonly width: number;
  readonly height: number;
}

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** JPEG markers that carry a size (ITU-T T.81, table B.1): SOF0 … SOF15 without DHT, JPG and DAC. */
const NOT_FRAMES = new Set([0xc4, 0xc8, 0xcc]);

/** The decoded picture; undefined when it is broken. Throws DrawingFault when it claims more than any desktop has. */
export async function decodeImage(bytes: Buffer): Promise<Image | undefined> {
  const size = sizeOf(bytes);
  if (size === undefined) return undefined;
  const { width, height } = size;
  if (width > SIDE_MOST || height > SIDE_MOST || width * height > IMAGE_PIXELS_MOST)
    throw new DrawingFault("an image is too large");
  const image = new Image();
  try {
    image.src = bytes;
    await image.decode();
  } catch {
    // Bytes that only begin like a picture: a browser shows nothing either.
    return undefined;
  }
  return image.width === width && image.height === height ? image : undefined;
}

/** Width and height of a PNG, JPEG or WebP; undefined when it is none of them or empty. */
export function sizeOf(bytes: Buffer): Size | undefined {
  const size = pngSize(bytes) ?? jpegSize(bytes) ?? webpSize(bytes);
  return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined;
}

function pngSize(bytes: Buffer): Size | undefined {
  if (bytes.length < 24 || !bytes.subarray(0, 8).equals(PNG)) return undefined;
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

function jpegSize(bytes: Buffer): Size | undefined {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return undefined;
  for (let at = 2; at + 9 <= bytes.length;) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) at += 1;
    else if (marker >= 0xc0 && marker <= 0xcf && !NOT_FRAMES.has(marker))
      return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
    else at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}

function webpSize(bytes: Buffer): Size | undefined {
  if (bytes.length < 30 || bytes.toString("latin1", 0, 4) !== "RIFF" || bytes.toString("latin1", 8, 12) !== "WEBP")
    return undefined;
  switch (bytes.toString("latin1", 12, 16)) {
    case "VP8 ":
      return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
    case "VP8L": {
      const bits = bytes.readUInt32LE(21);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case "VP8X":
      return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
    default:
      return undefined;
  }
}
