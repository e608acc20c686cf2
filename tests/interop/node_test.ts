// Node's HTTP client and server, in processes of their own, on both sides of the proxy; curl where a client must show
// every byte it got.

import assert from "node:assert/strict";
import type { HttpFlow } from "../../lib/flow/record.ts";
import { assertFlows, assertSameAnswer, Comparison, type Run } from "../kit/compare.ts";
import { peerTest } from "../kit/peers.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { generatedBytes, generatedHash } from "./generated_bytes.ts";
import { runNode, startNodeOrigin } from "./node_peers.ts";

interface Scenario {
  path: string;
  args?: string[];
  stdin?: () => Iterable<Uint8Array>;
  requestBodyLength?: number;
  requestCutShort?: boolean;
  /** About the direct run. */
  check: (direct: Run) => void;
}

const LENGTH = 500_000;
const text = ({ curl }: Run) => new TextDecoder().decode(curl.body);

const scenarios: Record<string, Scenario> = {
  "103 Early Hints": {
    path: "/hints",
    check: (run) => {
      assert.equal(run.curl.interim.length, 2);
      assert.equal(text(run), "hinted");
    },
  },
  "102 Processing": {
    path: "/processing",
    check: ({ curl }) => assert.deepEqual(curl.interim, ["HTTP/1.1 102 Processing\r\n\r\n"]),
  },
  "trailers": {
    path: "/trailers",
    args: ["--header", "TE: trailers"],
    check: ({ curl }) => assert.equal(curl.trailers, "X-Sum: abc\r\nx-more: 1\r\nx-more: 2\r\n"),
  },
  "fields as Node writes and reads them": {
    path: "/raw-headers",
    args: ["--header", "X-One: 1", "--header", "x-one: 2"],
    check: (run) => {
      assert.match(run.curl.head, /X-A: 1\r\nx-a: 2\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n/);
      assert.match(text(run), /"X-One","1","x-one","2"/);
    },
  },
  "a body in pieces": { path: "/flushed", check: (run) => assert.equal(text(run), "one two") },
  "Expect: 100-continue": {
    path: "/digest",
    args: ["--data-binary", "@-", "--header", "Expect: 100-continue", "--expect100-timeout", "20"],
    stdin: () => generatedBytes(LENGTH),
    requestBodyLength: LENGTH,
    check: (run) => {
      assert.equal(run.curl.interim.length, 1);
      assert.equal(JSON.parse(text(run)).hash, generatedHash(LENGTH));
    },
  },
  "Expect: 100-continue and 417": {
    path: "/unwanted",
    args: ["--data-binary", "@-", "--header", "Expect: 100-continue", "--expect100-timeout", "20"],
    stdin: () => generatedBytes(LENGTH),
    requestCutShort: true,
    check: ({ curl }) => assert.match(curl.head, /^HTTP\/1\.1 417 /),
  },
};

for (const scheme of ["http", "https"] as const) {
  peerTest(
    ["curl", "node"],
    `curl and Node's server over ${scheme}: the same directly and through the proxy`,
    async (test) => {
      await using origin = await startNodeOrigin();
      await using comparison = await Comparison.start({
        scheme,
        port: scheme === "http" ? origin.port : origin.tlsPort,
      });
      for (const [name, { path, args = [], stdin, check, ...expected }] of Object.entries(scenarios)) {
        await test.step(name, async () => {
          const runs = await comparison.run({ path, args, ...(stdin === undefined ? {} : { stdin }) });
          assert.equal(runs[0]!.curl.code, 0, runs[0]!.curl.messages);
          check(runs[0]!);
          assertSameAnswer(runs);
          assertFlows(comparison, runs, expected);
        });
      }
    },
  );
}

/** How many the client sends at once; it does so twice. */
const REQUESTS = 60;

interface Answer {
  status: number;
  text: string;
  trailers: string[];
  interim: number[];
}

interface ClientResults {
  wrong: unknown[];
  tunnels: number;
  plain: Record<string, Answer>;
  secure: Record<string, Answer>;
}

peerTest(["node"], "Node's client as package managers use it: keep-alive, many tunnels at once", async () => {
  await using origin = await startNodeOrigin();
  await using proxy = await startProxy();
  const results = await runNode("node_client.mjs", {
    proxyPort: proxy.port,
    httpPort: origin.port,
    httpsPort: origin.tlsPort,
    caFile: proxy.caFile,
    requests: REQUESTS,
  }) as ClientResults;
  assert.deepEqual(results.wrong, []);
  assert.ok(
    results.tunnels < 2 * REQUESTS,
    `${results.tunnels} tunnels: the second round found none to go on with`,
  );
  for (const { hints, trailers, flushed, head } of [results.plain, results.secure]) {
    assert.deepEqual([hints?.interim, hints?.text], [[103, 103], "hinted"]);
    assert.deepEqual(trailers?.trailers, ["X-Sum", "abc", "x-more", "1", "x-more", "2"]);
    assert.equal(flushed?.text, "one two");
    assert.deepEqual([head?.status, head?.text], [200, ""]);
  }
  const flows = proxy.ended.filter((flow): flow is HttpFlow => flow.kind === "http");
  assert.equal(flows.length, 2 * (2 * REQUESTS + 4));
  for (const flow of flows) assert.equal(flow.error, null);
  const servers = new Set(flows.filter(({ scheme }) => scheme === "https").map(({ server }) => server));
  assert.equal(servers.size, results.tunnels, "one connection to the origin for each tunnel");
});
