// What an origin got, read by hand: not by the code under test.

/** Byte-true. */
export interface SentRequest {
  startLine: string;
  /** "Name: value" as they came, in order. */
  lines: string[];
  /** Without chunks. */
  body: string;
}

/** null while it is not complete. */
export function readSentRequest(received: string): SentRequest | null {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const [startLine = "", ...lines] = received.slice(0, headEnd).split("\r\n");
  const rest = received.slice(headEnd + 4);
  const valueOf = (name: string) =>
    lines.find((line) => line.toLowerCase().startsWith(`${name}:`))?.slice(name.length + 1).trim();
  if (valueOf("transfer-encoding") !== undefined) {
    const body = readChunks(rest);
    return body === null ? null : { startLine, lines, body };
  }
  const length = Number(valueOf("content-length") ?? 0);
  return rest.length < length ? null : { startLine, lines, body: rest.slice(0, length) };
}

function readChunks(text: string): string | null {
  let body = "";
  let at = 0;
  for (;;) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return null;
    const size = parseInt(text.slice(at, lineEnd), 16);
    if (size === 0) return text.startsWith("\r\n", lineEnd + 2) ? body : null;
    const end = lineEnd + 2 + size;
    if (text.length < end + 2) return null;
    body += text.slice(lineEnd + 2, end);
    at = end + 2;
  }
}
