// Starting Python's websockets (Debian's python3-websockets) as server and as client: websocket_python_peer.py, which is
// asked line by line as the programs of tests/kit/peer_program.ts are.

import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { peer } from "../kit/peers.ts";
import { testOriginAuthority } from "../kit/proxy_fixture.ts";
import type { Peer } from "./websocket_bench.ts";

/** How long one answer may take, in milliseconds. */
const LIMIT = 60_000;

export async function startPython(): Promise<Peer> {
  const authority = await testOriginAuthority();
  const leaf = await authority.leafFor({ host: "localhost", extraNames: ["127.0.0.1"] });
  const child = new Deno.Command(peer("python3-websockets")!, {
    args: ["-W", "ignore::DeprecationWarning", `${import.meta.dirname}/websocket_python_peer.py`],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const stdin = child.stdin.getWriter();
  const lines = createInterface({ input: Readable.fromWeb(child.stdout) })[Symbol.asyncIterator]();
  const tell = (message: unknown) => stdin.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`));
  const next = async (): Promise<unknown> => {
    const limit = setTimeout(() => child.kill("SIGKILL"), LIMIT);
    const { value, done } = await lines.next();
    clearTimeout(limit);
    if (done) throw new Error("Python ended, or took too long");
    return JSON.parse(value);
  };
  await tell({ tls: { cert: leaf.certificatePem, key: leaf.keyPem } });
  const hello = await next();
  let id = 0;
  return {
    hello,
    async ask<Result>(what: string, parameters: unknown = {}): Promise<Result> {
      await tell({ id: ++id, ask: what, with: parameters });
      const answer = await next() as { id: number; result?: unknown; error?: string };
      if (answer.error !== undefined) throw new Error(`${what}: ${answer.error}`);
      return answer.result as Result;
    },
    async [Symbol.asyncDispose]() {
      const limit = setTimeout(() => child.kill("SIGKILL"), 2_000);
      await stdin.close().catch(() => {});
      await lines.return?.();
      await child.status;
      clearTimeout(limit);
    },
  };
}
