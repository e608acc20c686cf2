// gRPC through the proxy: calls of all four kinds, in step, message by message, with their status in trailers.

import assert from "node:assert/strict";
import { startProxy, testOriginAuthority } from "../kit/proxy_fixture.ts";
import { openTunnelPort } from "../kit/tunnel_port.ts";
import { GrpcClient, type GrpcRoute, startGrpcServer } from "./http2_grpc.ts";

const COUNT = 30;

interface Calls {
  unary: unknown;
  fail: unknown;
  down: unknown;
  up: unknown;
  both: unknown;
  cancelled: unknown;
}

async function callAll(route: GrpcRoute): Promise<Calls> {
  using client = new GrpcClient(route);
  return {
    unary: await client.unary("Unary", "hello"),
    fail: await client.unary("Fail", "hello"),
    down: await client.down(COUNT),
    up: await client.up(COUNT, 100_000),
    both: await client.both(COUNT, false),
    cancelled: await client.both(3, true),
  };
}

const ok = { code: 0, details: "OK", trailers: {} };
const expected: Calls = {
  unary: {
    ...ok,
    trailers: { "x-asked": "asked", "x-sum-bin": "00ff0a0d" },
    head: "head",
    answer: "re: hello",
  },
  fail: { code: 5, details: "not here: ä, %", trailers: { "x-why": "because" }, head: "", answer: "" },
  down: { ...ok, messages: Array.from({ length: COUNT }, (_, index) => `d${index}`) },
  up: { ...ok, answer: String(COUNT * 100_000) },
  both: { ...ok, messages: Array.from({ length: COUNT }, (_, index) => `re: m${index}`) },
  cancelled: {
    code: 1,
    details: "Cancelled on client",
    trailers: {},
    messages: Array.from({ length: 3 }, (_, index) => `re: m${index}`),
  },
};

const ways = { http: ["tunnel", "reverse", "explicit"], https: ["tunnel", "reverse"] } as const;

for (const scheme of ["http", "https"] as const) {
  Deno.test(`gRPC over ${scheme === "http" ? "h2c" : "TLS"}: directly`, async () => {
    await using server = await startGrpcServer(scheme);
    const caPem = (await testOriginAuthority()).certificatePem;
    const route = { scheme, port: server.port, connectTo: server.port, caPem };
    assert.deepEqual(await callAll(route), expected);
    await server.cancelled;
  });

  for (const way of ways[scheme]) {
    Deno.test(`gRPC over ${scheme === "http" ? "h2c" : "TLS"}: ${way}`, async () => {
      await using server = await startGrpcServer(scheme);
      const { port } = server;
      await using proxy = await startProxy({
        ...(scheme === "http" ? { h2cHosts: [/^localhost$/] } : {}),
        ...(way === "reverse" ? { mode: { kind: "reverse", scheme, host: "localhost", port } } : {}),
      });
      const caPem = proxy.authority.certificatePem;
      await using tunnel = await openTunnelPort(proxy.port, `localhost:${port}`);
      const route = { scheme, port, connectTo: way === "tunnel" ? tunnel.port : proxy.port, caPem };
      assert.deepEqual(await callAll(route), expected);
      await server.cancelled;
      const unary = await proxy.http(({ request }) => request.head.path === "/test.Echo/Unary");
      assert.deepEqual([...unary.response?.trailers ?? []].filter(([name]) => name.startsWith("grpc-")), [
        ["grpc-status", "0"],
        ["grpc-message", "OK"],
      ]);
      const fail = await proxy.http(({ request }) => request.head.path === "/test.Echo/Fail");
      assert.equal(fail.error, null);
    });
  }
}
