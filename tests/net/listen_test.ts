// Accepting, and errors of the environment in one line for a person.

import assert from "node:assert/strict";
import process from "node:process";
import { listen, ListenError } from "../../lib/net/listen.ts";
import { SocketTransport } from "../../lib/net/socket_transport.ts";
import type { Transport } from "../../lib/net/transport.ts";
import { Reader } from "./socket_pairs.ts";

/** Where `host:port` cannot be listened on: the one line a person gets. */
async function failure(host: string, port: number): Promise<string> {
  try {
    (await listen(host, port, () => {})).close();
  } catch (error) {
    assert.ok(error instanceof ListenError);
    assert.ok(!error.message.includes("\n"));
    return error.message;
  }
  assert.fail("it listens");
}

for (const host of ["127.0.0.1", "::1", "localhost"]) {
  Deno.test(`listen: ${host}, on any free port`, async () => {
    const accepted: Transport[] = [];
    const came = Promise.withResolvers<void>();
    const listener = await listen(host, 0, (transport) => {
      accepted.push(transport);
      if (accepted.length === 2) came.resolve();
    });
    assert.ok(listener.address.port > 0);
    const clients = await Promise.all(
      [0, 1].map(() => SocketTransport.connect(host, listener.address.port, AbortSignal.timeout(5_000))),
    );
    await came.promise;
    listener.close();
    // Open connections go on.
    const readers = accepted.map((transport) => new Reader(transport));
    for (const client of clients) {
      client.write(Uint8Array.of(65), () => client.end());
      new Reader(client);
    }
    for (const reader of readers) {
      await reader.until(() => reader.ended === true);
      assert.equal(reader.text, "A");
    }
    for (const transport of [...accepted, ...clients]) transport.close();
  });
}

Deno.test("listen: a closed listener refuses", async () => {
  const listener = await listen("127.0.0.1", 0, () => {});
  listener.close();
  await assert.rejects(
    SocketTransport.connect("127.0.0.1", listener.address.port, AbortSignal.timeout(5_000)),
    /ECONNREFUSED/,
  );
});

Deno.test("listen: a port in use", async () => {
  const listener = await listen("127.0.0.1", 0, () => {});
  const { port } = listener.address;
  try {
    assert.equal(
      await failure("127.0.0.1", port),
      `cannot listen on 127.0.0.1:${port}: the port is in use; choose another with --listen-port`,
    );
  } finally {
    listener.close();
  }
});

Deno.test("listen: an address that is not of this machine", async () => {
  assert.equal(
    // RFC 5737: for documentation.
    await failure("192.0.2.1", 0),
    "cannot listen on 192.0.2.1:0: not an address of this machine; choose another with --listen-host",
  );
  assert.match(
    await failure("2001:db8::1", 0),
    /^cannot listen on \[2001:db8::1\]:0: not an address of this /,
  );
  assert.match(
    await failure("no-such-host.invalid", 0),
    /^cannot listen on no-such-host\.invalid:0: not an address/,
  );
});

// Root may listen on any port, and so may everybody on other systems.
if (process.platform === "linux" && process.getuid?.() !== 0 && await firstFreePort() > 1) {
  Deno.test("listen: a port that needs permission", async () => {
    assert.match(await failure("127.0.0.1", 1), /no permission for that port; choose one above 1023/);
  });
}

/** The first port that needs no permission. */
async function firstFreePort(): Promise<number> {
  try {
    return Number(await Deno.readTextFile("/proc/sys/net/ipv4/ip_unprivileged_port_start"));
  } catch {
    return 0;
  }
}
