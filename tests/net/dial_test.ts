// Connecting, and errors a person can act on.

import assert from "node:assert/strict";
import { dial, DialError } from "../../lib/net/dial.ts";
import { listen } from "../../lib/net/listen.ts";
import type { Endpoint, Transport } from "../../lib/net/transport.ts";

async function failure(target: Endpoint, instead: Endpoint, timeout = 5_000): Promise<DialError> {
  try {
    (await dial(target, instead, timeout)).close();
  } catch (error) {
    assert.ok(error instanceof DialError);
    assert.ok(!error.message.includes("\n"));
    return error;
  }
  assert.fail("it connected");
}

/** A port where nothing listens: one that was free a moment ago. */
async function closedPort(): Promise<number> {
  const listener = await listen("127.0.0.1", 0, () => {});
  listener.close();
  return listener.address.port;
}

Deno.test("dial: goes where the override says", async () => {
  const accepted = Promise.withResolvers<Transport>();
  const listener = await listen("127.0.0.1", 0, (transport) => accepted.resolve(transport));
  const transport = await dial({ host: "example.com", port: 443 }, listener.address, 5_000);
  assert.deepEqual(transport.remote, listener.address);
  assert.deepEqual((await accepted.promise).remote, transport.local);
  transport.close();
  (await accepted.promise).close();
  listener.close();
});

Deno.test("dial: refused", async () => {
  const port = await closedPort();
  const direct = await failure({ host: "127.0.0.1", port }, { host: "127.0.0.1", port });
  assert.equal(direct.code, "refused");
  assert.equal(direct.message, `connection to 127.0.0.1:${port} refused: nothing listens there`);
  const overridden = await failure({ host: "example.com", port: 443 }, { host: "127.0.0.1", port });
  assert.equal(
    overridden.message,
    `connection to example.com:443 (at 127.0.0.1:${port}) refused: nothing listens there`,
  );
});

Deno.test("dial: refused on every address of a name", async () => {
  const port = await closedPort();
  const error = await failure({ host: "localhost", port }, { host: "localhost", port });
  assert.equal(error.code, "refused");
});

Deno.test("dial: a name that does not exist", async () => {
  const target = { host: "no-such-host.invalid", port: 80 };
  const error = await failure(target, target);
  assert.equal(error.code, "unresolvable");
  assert.equal(
    error.message,
    "cannot resolve no-such-host.invalid: no such host, or no name server answers",
  );
});

Deno.test("dial: nobody answers in time", async () => {
  // A listener whose queue is full lets the next connection wait.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 } as Deno.TcpListenOptions);
  const { port } = listener.addr as Deno.NetAddr;
  const target = { host: "127.0.0.1", port };
  const queued: Transport[] = [];
  let error: DialError | null = null;
  while (error === null) {
    assert.ok(queued.length < 100, "the queue has no end");
    try {
      queued.push(await dial(target, target, 200));
    } catch (caught) {
      assert.ok(caught instanceof DialError);
      error = caught;
    }
  }
  assert.equal(error.code, "timed-out");
  assert.equal(error.message, `connection to 127.0.0.1:${port} timed out after 0.2 s`);
  for (const transport of queued) transport.close();
});
