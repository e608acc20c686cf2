// curl as an independent client: runs it, and takes down what it sent and what it got.
// Invariant: nothing curl says is changed; heads are byte-true strings with their line ends.

import { createHash } from "node:crypto";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { peer } from "./peers.ts";

/** A run that takes longer has hung, in seconds. */
const RUN_LIMIT = 30;
/** How much of a body is kept for tests to look at; its length and hash are always of all of it. */
const KEPT_BODY = 256 * 1024;

export interface CurlOptions {
  args: readonly string[];
  /** What curl finds on its standard input (`-T -`, `--data-binary @-`). */
  stdin?: Iterable<Uint8Array>;
  /** Hears of each piece of the body as curl writes it. */
  onBody?: (piece: Uint8Array) => void;
}

export interface CurlResult {
  /** curl's exit code: 0, 18 (partial), 52 (empty reply), 56 (receive failure), … */
  code: number;
  /** curl's verbose output and error message. */
  messages: string;
  /** The last request head curl says it sent: not the one of CONNECT. */
  sent: string;
  /** Heads of interim responses, in order. */
  interim: string[];
  /** The head of the final response, with its empty line; "" when none came. */
  head: string;
  /** What came in the place of trailers. */
  trailers: string;
  /** The first 256 KiB of the body. */
  body: Uint8Array;
  bodyLength: number;
  /** SHA-256 of the whole body, in hex. */
  bodyHash: string;
}

export async function curl({ args, stdin, onBody }: CurlOptions): Promise<CurlResult> {
  const program = peer("curl");
  if (program === null) throw new Error("curl is not installed: use peerTest");
  const headFile = await Deno.makeTempFile({ prefix: "mitm-curl-" });
  try {
    const child = new Deno.Command(program, {
      // --disable first: no ~/.curlrc; --no-buffer: pieces are written as they come.
      args: [
        "--disable",
        "--verbose",
        "--no-progress-meter",
        "--no-buffer",
        "--suppress-connect-headers",
        "--noproxy",
        "",
        "--max-time",
        String(RUN_LIMIT),
        "--dump-header",
        headFile,
        // Else it writes the head as if it were a body.
        ...args.includes("--head") ? ["--output", "/dev/null"] : [],
        ...args,
      ],
      env: { LC_ALL: "C" },
      stdin: stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const [{ code }, body, messages] = await Promise.all([
      child.status,
      readBody(child.stdout, onBody),
      readText(child.stderr),
      stdin === undefined ? null : feed(child.stdin, stdin),
    ]);
    const dumped = latin1Decode(await Deno.readFile(headFile));
    return { code, messages, sent: lastSent(messages), ...splitHeads(dumped), ...body };
  } finally {
    await Deno.remove(headFile);
  }
}

async function readBody(stream: ReadableStream<Uint8Array>, onBody: CurlOptions["onBody"]) {
  const hash = createHash("sha256");
  const kept: Uint8Array[] = [];
  let bodyLength = 0;
  for await (const piece of stream) {
    hash.update(piece);
    if (bodyLength < KEPT_BODY) kept.push(piece.slice(0, KEPT_BODY - bodyLength));
    bodyLength += piece.length;
    onBody?.(piece);
  }
  const body = new Uint8Array(Math.min(bodyLength, KEPT_BODY));
  let offset = 0;
  for (const piece of kept) {
    body.set(piece, offset);
    offset += piece.length;
  }
  return { body, bodyLength, bodyHash: hash.digest("hex") };
}

async function readText(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const piece of stream) text += latin1Decode(piece);
  return text;
}

/** Writes until everything is written, or curl has had enough (an early answer). */
async function feed(stdin: WritableStream<Uint8Array>, source: Iterable<Uint8Array>): Promise<void> {
  const writer = stdin.getWriter();
  try {
    for (const piece of source) await writer.write(piece);
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    await writer.abort().catch(() => {});
  }
}

/** curl -v shows each line it sends behind "> ". */
function lastSent(messages: string): string {
  let last = "";
  let current = "";
  for (const line of messages.split("\n")) {
    if (!line.startsWith("> ")) continue;
    const text = line.slice(2).replace(/\r$/, "");
    current += text + "\r\n";
    if (text !== "") continue;
    last = current;
    current = "";
  }
  return last;
}

function splitHeads(dumped: string): Pick<CurlResult, "interim" | "head" | "trailers"> {
  const interim: string[] = [];
  let rest = dumped;
  for (;;) {
    const end = rest.indexOf("\r\n\r\n");
    if (!rest.startsWith("HTTP/") || end < 0) return { interim, head: "", trailers: rest };
    const head = rest.slice(0, end + 4);
    rest = rest.slice(end + 4);
    // Behind 101 to HTTP/2 comes the answer in HTTP/2.
    const isInterim = /^HTTP\/(?:1\.1|2) 1(?!01)/.test(head) ||
      / 101 /.test(head) && rest.startsWith("HTTP/2 ");
    if (!isInterim) return { interim, head, trailers: rest };
    interim.push(head);
  }
}
