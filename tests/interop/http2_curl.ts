// curl in each version of HTTP against an origin, directly and through the proxy in every way: what is then the same
// whatever the versions, and what the flow record must say.

import assert from "node:assert/strict";
import { CAPTURE_LIMIT, Comparison, type Run, type Way } from "../kit/compare.ts";
import type { CurlResult } from "../kit/curl.ts";

export interface CurlScenario {
  name: string;
  path: string;
  args?: string[];
  stdin?: () => Iterable<Uint8Array>;
  status: number;
  requestBodyLength?: number;
  /** "name: value" of each that the origin sends. */
  trailers?: string[];
  /** Takes out of a text what differs from run to run. */
  normalise?: (text: string) => string;
  /** More about the direct run: the scenario is what its name says. */
  check?: (curl: CurlResult) => void;
}

export interface CurlVersions {
  /** What curl is told. */
  direct: string[];
  proxied: string[];
  /** What the flow records say. */
  client: "HTTP/1.1" | "HTTP/2.0";
  origin: "HTTP/1.1" | "HTTP/2.0";
  ways: Way[];
}

/** Runs each scenario directly and in each way, and compares. */
export async function compareVersions(
  test: Deno.TestContext,
  comparison: Comparison,
  versions: CurlVersions,
  scenarios: readonly CurlScenario[],
): Promise<void> {
  for (const scenario of scenarios) {
    await test.step(scenario.name, async () => {
      const { path, args = [], stdin, status, check, normalise = same } = scenario;
      const run = (way: Way) =>
        comparison.runOne(way, {
          path,
          args: [...way === "direct" ? versions.direct : versions.proxied, ...args],
          ...(stdin === undefined ? {} : { stdin }),
        });
      const direct = await run("direct");
      assert.equal(statusOf(direct.curl.head), status, direct.curl.messages);
      check?.(direct.curl);
      for (const way of versions.ways) {
        const proxied = await run(way);
        assert.deepEqual(
          comparable(proxied.curl, normalise),
          comparable(direct.curl, normalise),
          `${way}: ${proxied.curl.messages}`,
        );
        // This curl shows none that came over HTTP/2; HTTP/1 has none behind a Content-Length (RFC 9112, 7.1.2).
        const trailers = fieldsOf(proxied.curl.trailers);
        const hasLength = /^content-length:/im.test(proxied.curl.head);
        if ((versions.client === "HTTP/1.1" && !hasLength) || trailers.length > 0) {
          assert.deepEqual(trailers, scenario.trailers ?? [], `${way}: trailers`);
        }
        checkFlow(proxied, direct, versions, scenario);
      }
    });
  }
}

/** What is the same in all versions. */
export function comparable(curl: CurlResult, normalise: (text: string) => string) {
  const { code, interim, head, bodyLength, bodyHash, body } = curl;
  return {
    code,
    interim: interim.map((head) => [statusOf(head), fieldsOf(head)]),
    status: statusOf(head),
    fields: fieldsOf(normalise(head)),
    bodyLength,
    body: normalise === same ? bodyHash : normalise(new TextDecoder("latin1").decode(body)),
  };
}

export const same = (text: string): string => text;

export function statusOf(head: string): number {
  return Number(/^HTTP\/\S+ (\d{3})/.exec(head)?.[1]);
}

/** Lines of a head or of trailers, names in lower case, without what belongs to one connection. */
export function fieldsOf(head: string): string[] {
  const fields: string[] = [];
  for (const line of head.split("\r\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    if (colon < 0 || /^(date|connection|keep-alive|transfer-encoding|upgrade)$/.test(name)) continue;
    fields.push(`${name}:${line.slice(colon + 1)}`);
  }
  return fields;
}

function checkFlow(run: Run, direct: Run, versions: CurlVersions, scenario: CurlScenario): void {
  const { flow, way } = run;
  assert.ok(flow !== null);
  const { request, response } = flow;
  assert.equal(flow.error, null, `${way}: ${JSON.stringify(flow.error)}`);
  assert.deepEqual([request.head.version, response?.head.version], [versions.client, versions.origin], way);
  assert.equal(request.head.path, scenario.path);
  assert.equal(response?.head.status, scenario.status);
  assert.equal(response?.body.length, direct.curl.bodyLength);
  assert.equal(response?.body.kept, Math.min(direct.curl.bodyLength, CAPTURE_LIMIT));
  const trailers = [...response?.trailers ?? []].map(([name, value]) => `${name.toLowerCase()}: ${value}`);
  assert.deepEqual(trailers, scenario.trailers ?? []);
  assert.equal(flow.interim.length, direct.curl.interim.length);
  assert.equal(request.body.length, scenario.requestBodyLength ?? 0);
  if (flow.scheme !== "https") return;
  const alpn = (version: string) => version === "HTTP/2.0" ? "h2" : "http/1.1";
  assert.deepEqual(
    [flow.client.tls?.alpn, flow.server?.tls?.alpn],
    [alpn(versions.client), alpn(versions.origin)],
    way,
  );
}
