// A terminal's screen, as tmux captures it with its colours (SGR, ECMA-48 8.3.117), drawn as SVG.
// Invariant: a pure function of the text; what it does not know it leaves out.

const CHARACTER_WIDTH = 8.43;
const LINE_HEIGHT = 18;
const PADDING = 12;

const COLORS = [
  "#3b4252",
  "#e06c75",
  "#98c379",
  "#e5c07b",
  "#61afef",
  "#c678dd",
  "#56b6c2",
  "#d8dee9",
];
const FOREGROUND = "#d8dee9";
const BACKGROUND = "#1e222a";
const FAINT = "#7f8894";

interface Look {
  color: string;
  isBold: boolean;
  isInverse: boolean;
}

const PLAIN: Look = { color: FOREGROUND, isBold: false, isInverse: false };

/** `screen`: lines with their escape sequences; `columns`: how wide the terminal is. */
export function terminalSvg(screen: string, columns: number, title: string): string {
  const lines = screen.replace(/\n$/, "").split("\n");
  const width = Math.ceil(columns * CHARACTER_WIDTH + 2 * PADDING);
  const height = lines.length * LINE_HEIGHT + 2 * PADDING;
  const parts: string[] = [];
  for (const [row, text] of lines.entries()) parts.push(...rowParts(text, row));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" role="img">\n<title>${escapeXml(title)}</title>\n` +
    `<rect width="100%" height="100%" rx="6" fill="${BACKGROUND}"/>\n` +
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" ` +
    `font-size="14">\n${parts.join("\n")}\n</g>\n</svg>\n`;
}

function rowParts(text: string, row: number): string[] {
  const parts: string[] = [];
  let look = PLAIN;
  let column = 0;
  // deno-lint-ignore no-control-regex
  for (const piece of text.split(/(\x1b\[[0-9;]*m)/)) {
    // deno-lint-ignore no-control-regex
    const codes = /^\x1b\[([0-9;]*)m$/.exec(piece)?.[1];
    if (codes !== undefined) look = lookAfter(look, codes);
    else if (piece !== "") {
      parts.push(...pieceParts(piece, row, column, look));
      column += [...piece].length;
    }
  }
  return parts;
}

function pieceParts(text: string, row: number, column: number, look: Look): string[] {
  const x = (PADDING + column * CHARACTER_WIDTH).toFixed(1);
  const y = PADDING + row * LINE_HEIGHT;
  const width = ([...text].length * CHARACTER_WIDTH).toFixed(1);
  const parts: string[] = [];
  if (look.isInverse) {
    parts.push(`<rect x="${x}" y="${y}" width="${width}" height="${LINE_HEIGHT}" fill="${look.color}"/>`);
  }
  if (text.trim() === "") return parts;
  const fill = look.isInverse ? BACKGROUND : look.color;
  const weight = look.isBold ? ' font-weight="bold"' : "";
  parts.push(
    `<text x="${x}" y="${
      y + 13
    }" textLength="${width}" lengthAdjust="spacingAndGlyphs" fill="${fill}"${weight}>` +
      // Blanks at the edge of a text, and several in a row, are dropped; these are not.
      `${escapeXml(text).replaceAll(" ", "\u00a0")}</text>`,
  );
  return parts;
}

function lookAfter(look: Look, codes: string): Look {
  let after = look;
  for (const code of codes.split(";").map(Number)) {
    if (code === 0) after = PLAIN;
    else if (code === 1) after = { ...after, isBold: true };
    else if (code === 22) after = { ...after, isBold: false };
    else if (code === 7) after = { ...after, isInverse: true };
    else if (code === 27) after = { ...after, isInverse: false };
    else if (code === 39) after = { ...after, color: FOREGROUND };
    else if (code === 90) after = { ...after, color: FAINT };
    else if (code >= 30 && code <= 37) after = { ...after, color: COLORS[code - 30] ?? FOREGROUND };
  }
  return after;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  );
}
