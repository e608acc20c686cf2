// The same client command against the same origin, directly and through the proxy in every way there is; and what
// must then be the same: what the client got, what the origin recorded, and what the flow record says.

import assert from "node:assert/strict";
import { latin1Encode } from "../../lib/bytes/latin1.ts";
import type { HttpFlow, TlsFacts } from "../../lib/flow/record.ts";
import type { Fields } from "../../lib/http/fields.ts";
import type { RequestHead, ResponseHead } from "../../lib/http/head.ts";
import { formatHostPort } from "../../lib/http/target.ts";
import type { Settings } from "../../lib/proxy/settings.ts";
import { curl, type CurlResult } from "./curl.ts";
import { type ProxyFixture, startProxy, testOriginAuthority } from "./proxy_fixture.ts";

/**
 * `explicit`: absolute form to the proxy's port. `tunnel`: CONNECT, with TLS inside for https. `reverse`: a port of
 * the proxy that stands for the origin.
 */
export type Way = "direct" | "explicit" | "tunnel" | "reverse";

/** Bodies of tests are larger than this, so that records show what is cut off and what is still counted. */
export const CAPTURE_LIMIT = 1_000;

export interface ComparedRequest {
  /** From "/" on. */
  path: string;
  /** curl's options but for URL, proxy and trust. */
  args?: readonly string[];
  stdin?: () => Iterable<Uint8Array>;
  /** Called after each run: what the origin recorded of it. */
  recorded?: () => string | Promise<string>;
}

export interface Run {
  way: Way;
  url: string;
  /** In proxy time (`performance`), milliseconds since the epoch. */
  startedAt: number;
  endedAt: number;
  curl: CurlResult;
  recorded: string;
  /** Null for the direct way. */
  flow: HttpFlow | null;
}

export class Comparison implements AsyncDisposable {
  readonly scheme: "http" | "https";
  readonly originPort: number;
  readonly regular: ProxyFixture;
  readonly reverse: ProxyFixture;
  /** SHA-256 of the certificate every test origin shows for localhost. */
  readonly originFingerprint: string;
  readonly #originCaFile: string;

  private constructor(
    origin: { scheme: "http" | "https"; port: number },
    proxies: { regular: ProxyFixture; reverse: ProxyFixture },
    originCaFile: string,
    originFingerprint: string,
  ) {
    this.scheme = origin.scheme;
    this.originPort = origin.port;
    this.regular = proxies.regular;
    this.reverse = proxies.reverse;
    this.#originCaFile = originCaFile;
    this.originFingerprint = originFingerprint;
  }

  /** `origin` is at localhost. */
  static async start(
    origin: { scheme: "http" | "https"; port: number },
    settings: Partial<Settings> = {},
  ): Promise<Comparison> {
    const originCaFile = await Deno.makeTempFile({ prefix: "mitm-origin-ca-", suffix: ".pem" });
    const authority = await testOriginAuthority();
    await Deno.writeTextFile(originCaFile, authority.certificatePem);
    const leaf = await authority.leafFor({ host: "localhost", extraNames: ["127.0.0.1"] });
    const both = { captureLimit: CAPTURE_LIMIT, ...settings };
    const regular = await startProxy(both);
    const reverse = await startProxy({
      ...both,
      mode: { kind: "reverse", scheme: origin.scheme, host: "localhost", port: origin.port },
    });
    return new Comparison(origin, { regular, reverse }, originCaFile, leaf.facts.fingerprint);
  }

  /** All ways to this origin; the direct one first. */
  get ways(): Way[] {
    return this.scheme === "http"
      ? ["direct", "explicit", "tunnel", "reverse"]
      : ["direct", "tunnel", "reverse"];
  }

  async run(request: ComparedRequest): Promise<Run[]> {
    const runs: Run[] = [];
    for (const way of this.ways) runs.push(await this.runOne(way, request));
    return runs;
  }

  async runOne(way: Way, request: ComparedRequest): Promise<Run> {
    const proxy = this.#proxyFor(way);
    const before = new Set(proxy?.ended ?? []);
    const url = this.urlFor(way, request.path);
    const startedAt = proxyTime();
    const result = await curl({
      args: ["--http1.1", ...this.#wayArgs(way), ...request.args ?? [], url],
      ...(request.stdin === undefined ? {} : { stdin: request.stdin() }),
    });
    const flow = await proxy?.http((ended) => !before.has(ended)) ?? null;
    const recorded = await request.recorded?.() ?? "";
    return { way, url, startedAt, endedAt: proxyTime(), curl: result, recorded, flow };
  }

  /** What the client asks for. */
  urlFor(way: Way, path: string): string {
    return `${this.scheme}://localhost:${way === "reverse" ? this.reverse.port : this.originPort}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.regular[Symbol.asyncDispose]();
    await this.reverse[Symbol.asyncDispose]();
    await Deno.remove(this.#originCaFile);
  }

  #proxyFor(way: Way): ProxyFixture | null {
    return way === "direct" ? null : way === "reverse" ? this.reverse : this.regular;
  }

  #wayArgs(way: Way): string[] {
    switch (way) {
      case "direct":
        return ["--cacert", this.#originCaFile];
      case "explicit":
        return ["--proxy", this.regular.url];
      case "tunnel":
        return ["--proxy", this.regular.url, "--proxytunnel", "--cacert", this.regular.caFile];
      case "reverse":
        return ["--cacert", this.reverse.caFile];
    }
  }
}

export function proxyTime(): number {
  return performance.timeOrigin + performance.now();
}

export interface SameAnswerOptions {
  /** Takes out of a text (a head, a body as latin1) what differs from one run to the next. */
  normalise?: (text: string) => string;
}

/** Each client got what it gets directly: exit code, heads, body, trailers. */
export function assertSameAnswer(runs: readonly Run[], options: SameAnswerOptions = {}): void {
  const [direct, ...proxied] = runs;
  assert.equal(direct?.way, "direct");
  const normalise = options.normalise ?? ((text: string) => text);
  for (const { way, curl } of proxied) {
    const explicit = way === "explicit";
    const seen = (text: string) => normalise(maskDate(explicit ? withoutHopByHop(text) : text));
    assert.equal(curl.code, direct!.curl.code, `${way}: exit code\n${curl.messages}`);
    assert.deepEqual(curl.interim, direct!.curl.interim, `${way}: interim responses`);
    assert.equal(seen(curl.head), seen(direct!.curl.head), `${way}: head`);
    assert.equal(curl.trailers, direct!.curl.trailers, `${way}: trailers`);
    assert.equal(curl.bodyLength, direct!.curl.bodyLength, `${way}: body length`);
    if (options.normalise === undefined) {
      assert.equal(curl.bodyHash, direct!.curl.bodyHash, `${way}: body`);
    } else {
      const decoder = new TextDecoder("latin1");
      assert.equal(
        normalise(decoder.decode(curl.body)),
        normalise(decoder.decode(direct!.curl.body)),
        `${way}: body`,
      );
    }
  }
}

/** The origin recorded the same bytes each time. In explicit mode that is: origin form, and no Proxy-Connection. */
export function assertSameRequest(runs: readonly Run[], options: SameAnswerOptions = {}): void {
  const [direct, ...proxied] = runs;
  const normalise = options.normalise ?? ((text: string) => text);
  assert.notEqual(direct!.recorded, "", "the origin recorded nothing");
  for (const { way, recorded } of proxied) {
    const seen = (text: string) => normalise(way === "explicit" ? withoutHopByHop(text) : text);
    assert.equal(seen(recorded), seen(direct!.recorded), `${way}: what the origin got`);
  }
}

export interface ExpectedFlow {
  requestBodyLength?: number;
  requestTrailers?: string;
  /** Where curl shows something else than the content (--raw); byte-true. */
  responseBody?: string;
  responseTrailers?: string;
  /** The request had not come to its end when the response had. */
  requestCutShort?: boolean;
  /** As in `SameAnswerOptions`. */
  normalise?: (text: string) => string;
}

/** Each flow record shows what the client sent, what the origin answered, when, and over what. */
export function assertFlows(comparison: Comparison, runs: readonly Run[], expected: ExpectedFlow = {}): void {
  const [direct, ...proxied] = runs;
  for (const run of proxied) {
    const flow = run.flow;
    assert.ok(flow !== null);
    try {
      checkFlow(comparison, run, flow, direct!, expected);
    } catch (error) {
      if (error instanceof Error) error.message = `${run.way}: flow record: ${error.message}`;
      throw error;
    }
  }
}

function checkFlow(
  comparison: Comparison,
  run: Run,
  flow: HttpFlow,
  direct: Run,
  expected: ExpectedFlow,
): void {
  const { request, response } = flow;
  assert.equal(flow.error, null, JSON.stringify(flow.error));
  assert.equal(flow.scheme, comparison.scheme);
  assert.equal(formatHostPort(flow.host, flow.port), `localhost:${comparison.originPort}`);
  assert.deepEqual(
    [flow.answered, flow.killed, flow.edited, flow.held, flow.messages],
    [false, false, false, false, null],
  );
  // The request as the client sent it, not as it was forwarded.
  const normalise = expected.normalise ?? ((text: string) => text);
  assert.equal(normalise(headText(request.head)), normalise(run.curl.sent));
  assert.equal(
    request.head.target,
    run.way === "explicit" ? run.url : /^https?:\/\/[^/]*(.*)$/.exec(run.url)?.[1],
  );
  assert.equal(request.head.version, run.curl.sent.includes(" HTTP/1.0\r\n") ? "HTTP/1.0" : "HTTP/1.1");
  if (expected.requestCutShort !== true) {
    assert.equal(request.body.length, expected.requestBodyLength ?? 0);
    assert.ok(request.endedAt !== null, "the request's end");
    assertOrder(request.headAt, request.endedAt, flow.endedAt);
  }
  assert.equal(request.body.kept, Math.min(request.body.length, CAPTURE_LIMIT));
  assert.equal(fieldsText(request.trailers), expected.requestTrailers ?? "");

  // The answer as the origin sent it: what a client gets directly.
  assert.deepEqual(flow.interim.map(({ head }) => headText(head)), direct.curl.interim);
  assert.ok(response !== null, "a response");
  assert.equal(normalise(maskDate(headText(response.head))), normalise(maskDate(direct.curl.head)));
  const body = expected.responseBody === undefined ? run.curl.body : latin1Encode(expected.responseBody);
  const bodyLength = expected.responseBody === undefined ? direct.curl.bodyLength : body.length;
  assert.equal(fieldsText(response.trailers), expected.responseTrailers ?? direct.curl.trailers);
  assert.equal(response.body.length, bodyLength);
  assert.equal(response.body.kept, Math.min(bodyLength, CAPTURE_LIMIT));
  assert.equal(response.body.truncated, bodyLength > CAPTURE_LIMIT);
  assert.deepEqual(
    [...response.body.bytes()],
    [...body.subarray(0, CAPTURE_LIMIT)],
    "the kept part of the body",
  );

  const interimTimes = flow.interim.map(({ at }) => at);
  assert.ok(response.endedAt !== null, "the response's end");
  assertOrder(
    run.startedAt,
    flow.client.startedAt,
    flow.client.connectedAt,
    ...(flow.client.tls === null ? [] : [flow.client.tlsAt]),
    flow.startedAt,
    request.startedAt,
    request.headAt,
    ...interimTimes,
    response.startedAt,
    response.endedAt,
    flow.endedAt,
    run.endedAt,
  );
  const { server } = flow;
  assert.ok(server !== null, "a server connection");
  assert.deepEqual(server.name, { host: "localhost", port: comparison.originPort });
  assert.equal(server.remote.port, comparison.originPort);
  assertOrder(
    run.startedAt,
    server.startedAt,
    server.connectedAt,
    ...(server.tls === null ? [] : [server.tlsAt]),
    response.startedAt,
  );
  if (comparison.scheme === "http") {
    assert.deepEqual([flow.client.tls, server.tls], [null, null]);
  } else {
    const offers = /ALPN: offers (\S+)/.exec(run.curl.messages)?.[1] ?? "";
    checkTls(flow.client.tls, run.curl, offers);
    checkTls(server.tls, direct.curl, run.way === "reverse" ? "http/1.1" : offers);
    assert.equal(server.tls?.certificate?.fingerprint, comparison.originFingerprint);
    assert.equal(flow.client.tls?.alpn, /ALPN: server accepted (\S+)/.exec(run.curl.messages)?.[1] ?? null);
  }
}

/** `seen`: a run of curl over the same kind of connection; it says what it agreed on. */
function checkTls(facts: TlsFacts | null, seen: CurlResult, offers: string): void {
  assert.ok(facts !== null, "TLS facts");
  const agreed = /SSL connection using (\S+) \/ (\S+)/.exec(seen.messages);
  assert.deepEqual([facts.version, facts.cipher], [agreed?.[1], agreed?.[2]]);
  assert.deepEqual(facts.alpnOffers, offers === "" ? [] : [offers]);
  assert.equal(facts.serverName, "localhost");
  assert.equal(facts.verifyError, null);
  assert.ok(facts.certificate !== null);
  assert.equal(facts.certificate.subject, "CN=localhost");
  assert.ok(facts.certificate.altNames.includes("DNS:localhost"));
}

/** The head as it stands on the wire. */
export function headText(head: RequestHead | ResponseHead): string {
  const startLine = head.kind === "request"
    ? `${head.method} ${head.target} ${head.version}`
    : `${head.version} ${head.status} ${head.reason}`;
  return `${startLine}\r\n${fieldsText(head.fields)}\r\n`;
}

function fieldsText(fields: Fields | null): string {
  return fields === null ? "" : [...fields].map(([name, value]) => `${name}: ${value}\r\n`).join("");
}

export function maskDate(head: string): string {
  return head.replace(/^(date: ).*$/im, "$1…");
}

/** Each time is known, and none is before the one before it. */
function assertOrder(...times: (number | null)[]): void {
  for (const [index, time] of times.entries()) {
    assert.ok(time !== null, `time ${index} is not known: ${times}`);
    assert.ok(index === 0 || time >= times[index - 1]!, `time ${index} is out of order: ${times}`);
  }
}

/** RFC 9110, 7.6.1: what an explicit proxy says for itself. */
function withoutHopByHop(head: string): string {
  return head.replaceAll(/^(connection|keep-alive|proxy-connection): .*\r\n/gim, "");
}
