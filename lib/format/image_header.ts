// What an image says of itself in its first bytes: format and size in pixels. Nothing is decoded.
// Invariants: never throws; reads within the bytes it is given; the work is bounded by them.

export interface ImageFacts {
  /** "PNG", "JPEG" */
  format: string;
  /** In pixels; an icon has several. */
  sizes: { width: number; height: number }[];
  /** "8-bit RGBA"; "" where nothing more is said. */
  detail: string;
}

/** An icon file may name more images; these are the first. */
const ICON_IMAGES = 16;
/** How far a text is searched for the root element of an SVG image. */
const SVG_SEARCH = 16 * 1024;

/** PNG specification, 11.2.1: colour types. */
const PNG_COLORS = new Map([
  [0, "grey"],
  [2, "RGB"],
  [3, "palette"],
  [4, "grey with alpha"],
  [6, "RGBA"],
]);

/** null when it is none of the known formats, or too little of it is there. `declared`: said to be an image, so that a weak sign will do. */
export function imageFacts(bytes: Uint8Array, declared: boolean): ImageFacts | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (begins(bytes, "\x89PNG\r\n\x1a\n")) return pngFacts(view);
  if (begins(bytes, "GIF87a") || begins(bytes, "GIF89a")) return gifFacts(view);
  if (begins(bytes, "\xff\xd8\xff")) return jpegFacts(view);
  if (begins(bytes, "RIFF") && begins(bytes, "WEBP", 8)) return webpFacts(view);
  if (!declared) return null;
  if (begins(bytes, "BM")) return bmpFacts(view);
  return begins(bytes, "\0\0\x01\0") ? iconFacts(view) : null;
}

/** "PNG image, 640 × 480 pixels, 8-bit RGBA" */
export function imageText({ format, sizes, detail }: ImageFacts): string {
  const pixels = sizes.map(({ width, height }) => `${width} × ${height}`).join(", ");
  return [`${format} image`, `${pixels} pixels`, detail].filter((part) => part !== "").join(", ");
}

/** What the root element of an SVG image says of its size: "width 24, height 24, viewBox 0 0 24 24"; null without one. */
export function svgText(source: string): string | null {
  const root = /<svg(?:\s[^>]*)?>/.exec(source.slice(0, SVG_SEARCH))?.[0];
  if (root === undefined) return null;
  const said = ["width", "height", "viewBox"].flatMap((name) => {
    const value = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(root);
    return value === null ? [] : [`${name} ${value[1] ?? value[2] ?? ""}`];
  });
  return said.length === 0 ? null : said.join(", ");
}

/** PNG specification, 11.2.1: IHDR is the first chunk. */
function pngFacts(view: DataView): ImageFacts | null {
  if (view.byteLength < 26) return null;
  const color = PNG_COLORS.get(view.getUint8(25));
  const detail = color === undefined ? "" : `${view.getUint8(24)}-bit ${color}`;
  return { format: "PNG", sizes: [{ width: view.getUint32(16), height: view.getUint32(20) }], detail };
}

function gifFacts(view: DataView): ImageFacts | null {
  if (view.byteLength < 10) return null;
  const size = { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  return { format: "GIF", sizes: [size], detail: "" };
}

/** ITU T.81, B.2.2: the size stands in the frame header, behind segments that name their lengths. */
function jpegFacts(view: DataView): ImageFacts | null {
  let offset = 2;
  while (offset + 9 <= view.byteLength) {
    if (view.getUint8(offset) !== 0xff) return null;
    const marker = view.getUint8(offset + 1);
    if (marker === 0xff) {
      offset++;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      const size = { width: view.getUint16(offset + 7), height: view.getUint16(offset + 5) };
      return { format: "JPEG", sizes: [size], detail: marker === 0xc2 ? "progressive" : "" };
    }
    // TEM and RSTn have no length.
    const isBare = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
    offset += isBare ? 2 : 2 + Math.max(2, view.getUint16(offset + 2));
  }
  return null;
}

/** RFC 9649, 2.5 to 2.7: a lossy, a lossless, or an extended file. */
function webpFacts(view: DataView): ImageFacts | null {
  if (view.byteLength < 30) return null;
  const webp = (width: number, height: number, detail: string): ImageFacts => {
    return { format: "WebP", sizes: [{ width, height }], detail };
  };
  switch (view.getUint32(12)) {
    case 0x56503820:
      return webp(view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff, "lossy");
    case 0x5650384c: {
      const bits = view.getUint32(21, true);
      return webp((bits & 0x3fff) + 1, (bits >>> 14 & 0x3fff) + 1, "lossless");
    }
    case 0x56503858: {
      const width = view.getUint16(24, true) + view.getUint8(26) * 0x10000 + 1;
      const height = view.getUint16(27, true) + view.getUint8(29) * 0x10000 + 1;
      return webp(width, height, (view.getUint8(20) & 0x02) === 0 ? "" : "animated");
    }
    default:
      return null;
  }
}

function bmpFacts(view: DataView): ImageFacts | null {
  if (view.byteLength < 30) return null;
  const isCore = view.getUint32(14, true) === 12;
  const width = isCore ? view.getUint16(18, true) : view.getInt32(18, true);
  // A negative height means that the rows stand from the top down.
  const height = isCore ? view.getUint16(20, true) : Math.abs(view.getInt32(22, true));
  const detail = `${view.getUint16(isCore ? 24 : 28, true)} bits a pixel`;
  return { format: "BMP", sizes: [{ width, height }], detail };
}

function iconFacts(view: DataView): ImageFacts | null {
  if (view.byteLength < 6) return null;
  const count = Math.min(view.getUint16(4, true), ICON_IMAGES);
  const sizes: ImageFacts["sizes"] = [];
  for (let offset = 6; sizes.length < count && offset + 16 <= view.byteLength; offset += 16) {
    // 0 stands for 256.
    sizes.push({ width: view.getUint8(offset) || 256, height: view.getUint8(offset + 1) || 256 });
  }
  return sizes.length === 0 ? null : { format: "ICO", sizes, detail: "" };
}

/** Whether the byte-true string `magic` stands at `offset`. */
function begins(bytes: Uint8Array, magic: string, offset = 0): boolean {
  for (let index = 0; index < magic.length; index++) {
    if (bytes[offset + index] !== magic.charCodeAt(index)) return false;
  }
  return true;
}
