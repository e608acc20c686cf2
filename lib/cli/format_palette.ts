// The colours of the event log, or none. The escape sequences are node:util's.

import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** How each part of a line is painted. Without colour every function gives back its text. */
export interface Palette {
  readonly time: (text: string) => string;
  readonly address: (text: string) => string;
  readonly method: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly remark: (text: string) => string;
  readonly error: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly fieldName: (text: string) => string;
  readonly fromClient: (text: string) => string;
  readonly fromServer: (text: string) => string;
  readonly status: (status: number, text: string) => string;
}

export function makePalette(color: boolean): Palette {
  const paint = (style: Style) => color ? painter(style) : plain;
  const statusClasses = [plain, paint("blue"), paint("green"), paint("cyan"), paint("yellow"), paint("red")];
  return {
    time: paint("gray"),
    address: paint("gray"),
    method: paint("bold"),
    faint: paint("gray"),
    remark: paint("magenta"),
    error: paint(["bold", "red"]),
    warning: paint("yellow"),
    fieldName: paint("cyan"),
    fromClient: paint("green"),
    fromServer: paint("blue"),
    status: (status, text) => (statusClasses[Math.floor(status / 100)] ?? plain)(text),
  };
}

function plain(text: string): string {
  return text;
}

/** The sequences are asked for once: `styleText` looks them up anew on every call. */
function painter(style: Style): (text: string) => string {
  const mark = "|";
  const [open = "", close = ""] = styleText(style, mark, { validateStream: false }).split(mark);
  return (text) => text === "" ? "" : `${open}${text}${close}`;
}
