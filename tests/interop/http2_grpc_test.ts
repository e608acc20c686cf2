// gRPC through the proxy: calls of all four kinds, in step, message by message, with their status in trailers.

import assert from "node:assert/strict";
import { PeerProgram } from "../kit/peer_program.ts";
import { startProxy, testOriginAuthority } from "../kit/proxy_fixture.ts";
import { startTlsFront } from "../kit/tls_front.ts";
import { openTunnelPort } from "../kit/tunnel_port.ts";

const COUNT = 30;
const SIZE = 100_000;

const ok = { code: 0, details: "OK", trailers: {} };
const expected = {
  unary: {
    ...ok,
    trailers: { "x-asked": "asked", "x-sum-bin": "00ff0a0d" },
    head: "head",
    answer: "re: hello",
  },
  fail: { code: 5, details: "not here: ä, %", trailers: { "x-why": "because" }, head: "", answer: "" },
  down: { ...ok, messages: Array.from({ length: COUNT }, (_, index) => `d${index}`) },
  up: { ...ok, answer: String(COUNT * SIZE) },
  both: { ...ok, messages: Array.from({ length: COUNT }, (_, index) => `re: m${index}`) },
  cancelled: {
    code: 1,
    details: "Cancelled on client",
    trailers: {},
    messages: Array.from({ length: 3 }, (_, index) => `re: m${index}`),
  },
};

/** grpc-js on both ends; the server at `port`, in the clear or behind TLS. */
async function startGrpc(scheme: "http" | "https") {
  await using resources = new AsyncDisposableStack();
  const file = new URL("http2_grpc_peer.mjs", import.meta.url).pathname;
  const lock = new URL("http2_grpc.lock", import.meta.url).pathname;
  const peer = resources.use(await PeerProgram.startDeno(file, lock, ["npm:@grpc/grpc-js@1.14.7"]));
  const plainPort = Number(peer.hello);
  const port = scheme === "http" ? plainPort : resources.use(await startTlsFront(plainPort, ["h2"])).port;
  const all = resources.move();
  return {
    port,
    /** All kinds of calls, over `connectTo`; their cancellation must have come to the server. */
    async callAll(connectTo: number, ca: string): Promise<unknown> {
      const to = { scheme, port, connectTo, ca };
      const results = await peer.ask("callAll", { to, count: COUNT, size: SIZE });
      await peer.ask("cancelled");
      return results;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

const ways = { http: ["tunnel", "reverse", "explicit"], https: ["tunnel", "reverse"] } as const;

for (const scheme of ["http", "https"] as const) {
  const over = scheme === "http" ? "h2c" : "TLS";
  Deno.test(`gRPC over ${over}: directly`, async () => {
    await using grpc = await startGrpc(scheme);
    const { certificatePem } = await testOriginAuthority();
    assert.deepEqual(await grpc.callAll(grpc.port, certificatePem), expected);
  });

  for (const way of ways[scheme]) {
    Deno.test(`gRPC over ${over}: ${way}`, async () => {
      await using grpc = await startGrpc(scheme);
      const { port } = grpc;
      await using proxy = await startProxy({
        ...(scheme === "http" ? { h2cHosts: [/^localhost$/] } : {}),
        ...(way === "reverse" ? { mode: { kind: "reverse", scheme, host: "localhost", port } } : {}),
      });
      await using tunnel = await openTunnelPort(proxy.port, `localhost:${port}`);
      const connectTo = way === "tunnel" ? tunnel.port : proxy.port;
      assert.deepEqual(await grpc.callAll(connectTo, proxy.authority.certificatePem), expected);
      const unary = await proxy.http(({ request }) => request.head.path === "/test.Echo/Unary");
      const status = [...unary.response?.trailers ?? []].filter(([name]) => name.startsWith("grpc-"));
      assert.deepEqual(status, [["grpc-status", "0"], ["grpc-message", "OK"]]);
      const fail = await proxy.http(({ request }) => request.head.path === "/test.Echo/Fail");
      assert.equal(fail.error, null);
    });
  }
}
