// A fuzzer and ws, which echoes, in either role, directly and through the proxy: what ws takes goes through, and who breaks
// a rule is told so by the code, in the manner of the Autobahn test suite.

import assert from "node:assert/strict";
import type { HttpFlow } from "../../lib/flow/record.ts";
import { type ProxyFixture, startProxy } from "../kit/proxy_fixture.ts";
import { type ServerView, startWs, type View } from "./websocket_bench.ts";
import { compressedSizes, deflateFaults, deflateForms, parameters } from "./websocket_fuzz_deflate.ts";
import { ends } from "./websocket_fuzz_ends.ts";
import { framing, opcodes, pings, reserved } from "./websocket_fuzz_frames.ts";
import { fragments, utf8 } from "./websocket_fuzz_messages.ts";
import { casePath, playAsClient, startFuzzServer } from "./websocket_fuzz_peers.ts";
import { sizes } from "./websocket_fuzz_sizes.ts";
import { expected, type FuzzCase, isFault, type Outcome, type Role } from "./websocket_fuzzer.ts";

const families: Record<string, FuzzCase[]> = {
  "1 framing": framing,
  "2 PINGs and PONGs": pings,
  "3 reserved bits": reserved,
  "4 opcodes": opcodes,
  "5 fragments": fragments,
  "6 UTF-8": utf8,
  "7 close": ends,
  "9, 10 sizes": sizes,
  "12 compression": compressedSizes,
  "13 parameters of compression": parameters,
  "RFC 7692, 7.2.3": deflateForms,
  "what is no compressed message": deflateFaults,
};

const forWs = (cases: readonly FuzzCase[]) => cases.filter(({ direct }) => direct !== false);

function checkOutcomes(cases: readonly FuzzCase[], outcomes: readonly Outcome[]): void {
  for (const [index, fuzzCase] of cases.entries()) {
    assert.deepEqual(outcomes[index], expected(fuzzCase), fuzzCase.name);
  }
}

/** What the other end saw of the close, and what the record says. */
async function checkOther(
  proxy: ProxyFixture,
  role: Role,
  cases: readonly FuzzCase[],
  views: readonly View[],
): Promise<void> {
  for (const [index, fuzzCase] of cases.entries()) {
    const { name, code = 1000 } = fuzzCase;
    const [closedWith] = views[index]!.close;
    const { error, websocket } = await flowOf(proxy, fuzzCase);
    const { close } = websocket!;
    if (isFault(fuzzCase)) {
      // Its peer has gone: in good order, or in the middle of a frame.
      assert.ok(closedWith === 1001 || closedWith === 1006, `${name}: ${closedWith}`);
      assert.deepEqual([close?.code, close?.by, error?.by], [code, "proxy", role], name);
      assert.match(error?.rule ?? "", /^RFC (?:6455|7692), /, name);
    } else {
      assert.equal(closedWith, code, name);
      assert.deepEqual([close?.code, close?.by, error], [code, role, null], name);
    }
  }
}

function flowOf(proxy: ProxyFixture, fuzzCase: FuzzCase): Promise<HttpFlow> {
  const path = casePath(fuzzCase);
  return proxy.http(({ request }) => request.head.path === path);
}

/** What TLS may make a difference to: how bytes are cut, and how a connection ends. */
const overTls = ["1 framing", "3 reserved bits", "5 fragments", "7 close"];

Deno.test("a fuzzing client and ws: directly", async (test) => {
  await using ws = await startWs();
  const { ws: port } = ws.hello as Record<string, number>;
  const route = { scheme: "ws", port: port!, proxyPort: null, ca: "" } as const;
  for (const [name, cases] of Object.entries(families)) {
    await test.step(name, async () => {
      checkOutcomes(forWs(cases), await playAsClient(route, forWs(cases)));
    });
  }
});

for (const scheme of ["ws", "wss"] as const) {
  Deno.test(`a fuzzing client and ws: ${scheme} through the proxy`, async (test) => {
    await using ws = await startWs();
    await using proxy = await startProxy();
    const port = (ws.hello as Record<string, number>)[scheme]!;
    const route = { scheme, port, proxyPort: proxy.port, ca: proxy.authority.certificatePem };
    for (const [name, cases] of Object.entries(families)) {
      if (scheme === "wss" && !overTls.includes(name)) continue;
      await test.step(name, async () => {
        checkOutcomes(cases, await playAsClient(route, cases));
        const views = await ws.ask<ServerView[]>("seen", { paths: cases.map(casePath) });
        await checkOther(proxy, "client", cases, views);
      });
    }
  });
}

Deno.test("a fuzzing server and ws: directly", async (test) => {
  await using ws = await startWs();
  await using fuzzer = await startFuzzServer();
  for (const [name, cases] of Object.entries(families)) {
    await test.step(name, async () => {
      const { outcomes } = await fuzzer.play(ws, { scheme: "ws", way: "direct" }, forWs(cases));
      checkOutcomes(forWs(cases), outcomes);
    });
  }
});

Deno.test("a fuzzing server and ws: through the proxy", async (test) => {
  await using ws = await startWs();
  await using fuzzer = await startFuzzServer();
  await using proxy = await startProxy();
  for (const [name, cases] of Object.entries(families)) {
    await test.step(name, async () => {
      const to = { scheme: "ws", way: "tunnel", proxyPort: proxy.port };
      const { outcomes, views } = await fuzzer.play(ws, to, cases);
      checkOutcomes(cases, outcomes);
      await checkOther(proxy, "server", cases, views);
    });
  }
});
