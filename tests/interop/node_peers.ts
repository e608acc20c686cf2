// Starting Node's client and server for tests.

import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { peer } from "../kit/peers.ts";
import { testOriginAuthority } from "../kit/proxy_fixture.ts";

/** How long a Node program may take, in milliseconds. */
const LIMIT = 30_000;

export interface NodeOrigin extends AsyncDisposable {
  port: number;
  tlsPort: number;
}

/** `node_server.mjs`, at localhost. */
export async function startNodeOrigin(): Promise<NodeOrigin> {
  await using resources = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "mitm-node-" });
  resources.defer(() => Deno.remove(folder, { recursive: true }));
  const authority = await testOriginAuthority();
  const leaf = await authority.leafFor({ host: "localhost", extraNames: ["127.0.0.1"] });
  await Deno.writeTextFile(`${folder}/certificate.pem`, leaf.certificatePem);
  await Deno.writeTextFile(`${folder}/key.pem`, leaf.keyPem);
  const child = new Deno.Command(peer("node")!, {
    args: [`${import.meta.dirname}/node_server.mjs`, `${folder}/certificate.pem`, `${folder}/key.pem`],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  resources.defer(async () => {
    await child.stdin.close().catch(() => {});
    await child.status;
  });
  const [ports, output] = await firstLine(child);
  resources.defer(() => output.cancel());
  const [port, tlsPort] = JSON.parse(ports);
  const all = resources.move();
  return { port, tlsPort, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Runs a Node program of this folder to its end; rejects with what it said when it fails. */
export async function runNode(program: string, config: unknown): Promise<unknown> {
  const child = new Deno.Command(peer("node")!, {
    args: [`${import.meta.dirname}/${program}`, JSON.stringify(config)],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const limit = setTimeout(() => child.kill("SIGKILL"), LIMIT);
  const { success, stdout, stderr } = await child.output();
  clearTimeout(limit);
  if (!success) throw new Error(`${program}: ${latin1Decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function firstLine(
  child: Deno.ChildProcess,
): Promise<[string, ReadableStreamDefaultReader<Uint8Array>]> {
  const limit = setTimeout(() => child.kill("SIGKILL"), LIMIT);
  const reader = child.stdout.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error("node said nothing");
    text += latin1Decode(value);
  }
  clearTimeout(limit);
  return [text, reader];
}
