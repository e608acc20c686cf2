// The colours of the console, by the names of styles. The escape sequences are node:util's.

import { styleText } from "node:util";
import type { Line, Style } from "./line.ts";

type Format = Parameters<typeof styleText>[0];

const FORMATS: Readonly<Record<Style, Format | null>> = {
  plain: null,
  faint: "gray",
  title: ["bold", "cyan"],
  strong: "bold",
  error: ["bold", "red"],
  warning: "yellow",
  remark: "magenta",
  name: "cyan",
  fromClient: "green",
  fromServer: "blue",
  held: ["bold", "yellow"],
  ok: "green",
  redirect: "cyan",
  clientError: "yellow",
  serverError: "red",
  bar: "blue",
  barWait: "yellow",
  barReceive: "green",
  key: ["bold", "cyan"],
};

/** Turns a line into what a terminal shows. */
export type Painter = (spans: Line) => string;

/** `color` false: nothing but the text. */
export function makePainter(color: boolean): Painter {
  if (!color) return (spans) => spans.map(({ text }) => text).join("");
  // Asked for once: `styleText` looks the sequences up anew on every call.
  const sequences = new Map<Style, readonly [string, string]>();
  for (const [style, format] of Object.entries(FORMATS) as [Style, Format | null][]) {
    if (format === null) continue;
    const [open = "", close = ""] = styleText(format, "|", { validateStream: false }).split("|");
    sequences.set(style, [open, close]);
  }
  return (spans) => {
    let painted = "";
    for (const { text, style } of spans) {
      const sequence = sequences.get(style);
      painted += sequence === undefined ? text : sequence[0] + text + sequence[1];
    }
    return painted;
  };
}
