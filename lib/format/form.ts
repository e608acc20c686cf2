// application/x-www-form-urlencoded as lines (WHATWG URL, 5.1): "name: value", decoded and safe to show.

import { decodeUtf8 } from "./decode_text.ts";
import { escapeByte, escapeText } from "./escape.ts";

/** The first `maxLines` pairs, in order, a line each. A name without "=" stands alone. Empty pieces between "&" are left out. */
export function formLines(text: string, maxLines = 0xffff_ffff): string[] {
  const lines: string[] = [];
  for (const pair of text.split("&", maxLines)) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    if (equals < 0) lines.push(decodeFormText(pair));
    else lines.push(`${decodeFormText(pair.slice(0, equals))}: ${decodeFormText(pair.slice(equals + 1))}`);
  }
  return lines;
}

/** "+" is a blank, each run of `%NN` is UTF-8; bytes that are not valid show as `\xNN`, other "%" stand for themselves. */
function decodeFormText(text: string): string {
  const blanked = text.replaceAll("+", " ");
  return escapeText(decodePlain(blanked) ?? decodeRuns(blanked));
}

/** The platform's decoder is many times faster, and refuses what is not valid. */
function decodePlain(text: string): string | null {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function decodeRuns(text: string): string {
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
    const bytes = Uint8Array.from(run.slice(1).split("%"), (hex) => parseInt(hex, 16));
    return decodeUtf8(bytes) ?? Array.from(bytes, escapeByte).join("");
  });
}
