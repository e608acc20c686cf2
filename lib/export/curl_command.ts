// A recorded request as a curl command: one line that a POSIX shell runs to send it again, straight to its origin.
// Invariants: the line is printable, whatever the record holds (shell_quote.ts), and no byte of the record is read by the
// shell or by curl as anything else than data; what curl cannot send is said behind it.

import { isToken } from "../bytes/ascii.ts";
import { latin1Decode } from "../bytes/latin1.ts";
import type { HttpFlow } from "../flow/record.ts";
import type { RequestHead } from "../http/head.ts";
import { formatAuthority } from "../http/target.ts";
import { isWebSocketConnect, webSocketUpgrade } from "../http/websocket.ts";
import { plainText, printfCommand, shellWord } from "./shell_quote.ts";

/** Linux takes no argument above 128 KiB; a body of more bytes than this goes to curl through a pipe. */
const ARGUMENT_LIMIT = 64 * 1024;

/** Where curl waits for 100 (Continue) of itself; older releases do from 1 KiB on. */
const EXPECTING_LENGTH = 1024;

/** The nonce of RFC 6455, 1.3: a client of HTTP/2 sends none. */
const WEBSOCKET_KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** For the proxy it was sent to (RFC 9110, 7.6.1), which is not asked now. */
const FOR_THE_PROXY = new Set(["proxy-authorization", "proxy-connection"]);

/** A path that curl sends as it is; not so a fragment, and bytes that are no ASCII. */
const SENT_AS_IT_IS = /^\/[!"$-~]*$/;
/** RFC 3986, 5.2.4: curl resolves them. */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:[/?]|$)/i;
/** Names, and addresses of IPv4, in the only form curl has for them. */
const PLAIN_HOST = /^(?:[a-z0-9_-]+\.)*[a-z][a-z0-9_-]*$|^[1-9][0-9]{0,2}(?:\.(?:0|[1-9][0-9]{0,2})){3}$/i;
const DECODED_CODING = /^(?:x-gzip|gzip|deflate|br|zstd)(?:$|[ \t;])/;

/** `curl http://example.com/ -H 'Cookie: a=1'`; ` && : # …` behind it says what is not as it was. */
export function curlCommand(flow: HttpFlow): string {
  const { request } = flow;
  const head = isWebSocketConnect(request.head) ? upgradeOf(request.head) : request.head;
  const body = hasBody(head, request.body.length) ? latin1Decode(request.body.bytes()) : null;
  const piped = body !== null && !isArgument(body);
  const words = [
    "curl",
    ...urlWords(flow, head),
    ...methodWords(head.method, body !== null),
    ...fieldWords(flow, head, body !== null),
    ...(body === null ? [] : ["--data-binary", piped ? "@-" : shellWord(body)]),
  ];
  const command = (piped ? `${printfCommand(body)} | ` : "") + words.join(" ");
  const notes = whatIsMissing(flow);
  // With ":" it is no more than a comment to an interactive zsh too, which has no "#".
  return notes.length === 0 ? command : `${command} && : # ${notes.join(", ")}`;
}

/** RFC 6455, 4.1: what an origin of HTTP/1.1 is asked. */
function upgradeOf(head: RequestHead): RequestHead {
  const upgrade = webSocketUpgrade({ ...head, version: "HTTP/1.1" }, WEBSOCKET_KEY);
  upgrade.fields.set("Connection", "Upgrade");
  if (!upgrade.fields.has("host")) upgrade.fields.append("Host", head.authority);
  return upgrade;
}

/** An empty body whose length was said is one. */
function hasBody(head: RequestHead, length: number): boolean {
  return length > 0 || head.framing === "length" || head.framing === "chunked";
}

/** A word holds no NUL and no line end (the command is one line); "@" would be the name of a file to curl. */
function isArgument(body: string): boolean {
  return body.length <= ARGUMENT_LIMIT && !body.startsWith("@") && plainText(body) !== null;
}

function urlWords(flow: HttpFlow, head: RequestHead): string[] {
  const origin = `${flow.scheme}://${authorityOf(flow, head)}`;
  const target = head.targetForm === "authority" ? head.target : head.path;
  const words: string[] = [];
  if (SENT_AS_IT_IS.test(target)) {
    words.push(shellWord(origin + target));
    if (/[[\]{}]/.test(target)) words.push("--globoff");
    if (DOT_SEGMENT.test(target)) words.push("--path-as-is");
  } else {
    words.push(shellWord(`${origin}/`), "--request-target", shellWord(target));
  }
  const version = versionWord(flow.scheme, head.version);
  if (version !== null) words.push(version);
  const takesCodings = head.fields.tokens("accept-encoding").some((coding) => DECODED_CODING.test(coding));
  if (takesCodings) words.push("--compressed");
  // The record is of an origin whose certificate was not accepted either.
  if ((flow.server?.tls?.verifyError ?? null) !== null) words.push("--insecure");
  return words;
}

function authorityOf(flow: HttpFlow, head: RequestHead): string {
  return flow.host === "" ? head.authority : formatAuthority(flow.scheme, flow.host, flow.port);
}

/** null where curl takes this version anyway: HTTP/1.1 in the clear. Over TLS curl offers HTTP/2 too, so it is always named. */
function versionWord(scheme: string, version: RequestHead["version"]): string | null {
  switch (version) {
    case "HTTP/1.0":
      return "--http1.0";
    case "HTTP/1.1":
      return scheme === "https" ? "--http1.1" : null;
    case "HTTP/2.0":
      return scheme === "https" ? "--http2" : "--http2-prior-knowledge";
  }
}

function methodWords(method: string, hasBody: boolean): string[] {
  if (method === (hasBody ? "POST" : "GET")) return [];
  // With --request alone curl would wait for the content that its length announces.
  if (method === "HEAD" && !hasBody) return ["--head"];
  return ["-X", shellWord(method)];
}

function fieldWords(flow: HttpFlow, head: RequestHead, hasBody: boolean): string[] {
  const { fields } = head;
  const words: string[] = [];
  const add = (line: string): void => void words.push("-H", shellWord(line));
  const wasProxied = head.targetForm === "absolute" || head.targetForm === "authority";
  const chunked = head.framing === "chunked" && head.version === "HTTP/1.1";
  const host = hostLine(flow, head);
  if (host !== null) add(host);
  for (const [name, value] of fields) {
    const lower = name.toLowerCase();
    if (lower === "host" || lower === "content-length") continue;
    if (lower === "transfer-encoding" && !chunked) continue;
    if (wasProxied && FOR_THE_PROXY.has(lower)) continue;
    // No reader lets it through, and to curl "@" in front would be the name of a file.
    if (!isToken(name)) continue;
    add(fieldLine(name, value));
  }
  for (const name of addedByCurl(hasBody, chunked || flow.request.body.kept > EXPECTING_LENGTH)) {
    if (!fields.has(name)) add(`${name}:`);
  }
  return words;
}

/** curl writes Host (or :authority) first, wherever it stands here. null where it is that of the URL. */
function hostLine(flow: HttpFlow, head: RequestHead): string | null {
  const index = head.fields.indexOf("host");
  if (index < 0 && head.version !== "HTTP/2.0") return "Host:";
  const name = index < 0 ? "Host" : head.fields.name(index);
  const value = index < 0 ? head.authority : head.fields.value(index);
  if (value === authorityOf(flow, head) && PLAIN_HOST.test(flow.host)) return null;
  return fieldLine(name, value);
}

/** What curl says of itself unless it is told not to. */
function addedByCurl(hasBody: boolean, mayExpect: boolean): string[] {
  const names = ["User-Agent", "Accept"];
  if (hasBody) names.push("Content-Type");
  if (hasBody && mayExpect) names.push("Expect");
  return names;
}

/** To curl "Name:" takes a field away, and "Name;" sends one that is empty. */
function fieldLine(name: string, value: string): string {
  return value === "" ? `${name};` : `${name}: ${value}`;
}

/** Words of letters, digits and commas: shells that know no comments read them. */
function whatIsMissing(flow: HttpFlow): string[] {
  const { head, body, trailers, endedAt } = flow.request;
  const notes: string[] = [];
  if (authorityOf(flow, head) === "") notes.push("the request names no origin");
  if (isWebSocketConnect(head)) notes.push("the WebSocket was asked for by extended CONNECT");
  else if (head.method === "CONNECT" && head.protocol !== null) notes.push("curl cannot send :protocol");
  if (body.truncated) notes.push(`only ${body.kept} of ${body.length} bytes of the body were captured`);
  if (endedAt === null) notes.push("the request had not come to its end");
  if (trailers !== null && trailers.length > 0) {
    notes.push(`curl cannot send trailers, ${trailers.length} left out`);
  }
  return notes;
}
