// A long way in between: relays TCP and delays every byte by the same time in each direction, without limiting the rate.
// Run by itself it takes the port to relay to and the delay in milliseconds, and says its own port on standard output.
// Invariant: a direction holds at most LIMIT bytes: those under way, and what a stalled receiver has not taken.

/** 1 GB/s over 50 ms of delay: more than any test sends. */
const LIMIT = 64 * 1024 * 1024;
const READ_SIZE = 64 * 1024;

export interface DelayingRelay extends AsyncDisposable {
  /** On 127.0.0.1. */
  port: number;
  /** The most bytes that were under way in one direction of one connection so far. */
  mostUnderWay(): number;
}

/** To a port of 127.0.0.1. `delay`: of each byte, in milliseconds, in each direction. */
export function startDelayingRelay(toPort: number, delay: number): DelayingRelay {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.Conn>();
  const running = new Set<Promise<void>>();
  let most = 0;
  const seen = (underWay: number) => most = Math.max(most, underWay);
  const track = (promise: Promise<void>) => {
    running.add(promise);
    promise.finally(() => running.delete(promise));
  };
  const serve = async (client: Deno.TcpConn): Promise<void> => {
    connections.add(client);
    try {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: toPort });
      connections.add(server);
      for (const conn of [client, server]) conn.setNoDelay(true);
      await Promise.all([
        new Direction(client, server, delay, seen).run(),
        new Direction(server, client, delay, seen).run(),
      ]);
      connections.delete(server);
      server.close();
    } catch {
      // Nobody listens there any more: the client sees the end.
    }
    if (connections.delete(client)) client.close();
  };
  track((async () => {
    for await (const client of listener) track(serve(client));
  })());
  return {
    port: listener.addr.port,
    mostUnderWay: () => most,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const conn of connections) conn.close();
      connections.clear();
      await Promise.all(running);
    },
  };
}

/** One direction of one connection. */
class Direction {
  readonly #from: Deno.TcpConn;
  readonly #to: Deno.TcpConn;
  readonly #delay: number;
  readonly #seen: (underWay: number) => void;
  readonly #underWay: { due: number; bytes: Uint8Array | null }[] = [];
  #held = 0;
  #changed = Promise.withResolvers<void>();
  #broken = false;

  /** `seen`: told how many bytes are under way, whenever there are more. */
  constructor(from: Deno.TcpConn, to: Deno.TcpConn, delay: number, seen: (underWay: number) => void) {
    this.#from = from;
    this.#to = to;
    this.#delay = delay;
    this.#seen = seen;
  }

  /** Until the end has gone through, or the receiver is gone. */
  async run(): Promise<void> {
    await Promise.all([this.#read(), this.#write()]);
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(READ_SIZE);
    for (;;) {
      const count = await this.#from.read(buffer).catch(() => null);
      this.#underWay.push({
        due: performance.now() + this.#delay,
        bytes: count === null ? null : buffer.slice(0, count),
      });
      this.#held += count ?? 0;
      this.#seen(this.#held);
      this.#note();
      if (count === null || this.#broken) return;
      while (this.#held >= LIMIT && !this.#broken) await this.#changed.promise;
    }
  }

  async #write(): Promise<void> {
    for (;;) {
      const next = this.#underWay[0];
      if (next === undefined) {
        await this.#changed.promise;
        continue;
      }
      const early = next.due - performance.now();
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      this.#underWay.shift();
      if (next.bytes === null) return await this.#to.closeWrite().catch(() => {});
      try {
        for (let at = 0; at < next.bytes.length;) at += await this.#to.write(next.bytes.subarray(at));
      } catch {
        this.#broken = true;
        this.#note();
        // The sender must not think that somebody still takes it.
        try {
          this.#from.close();
        } catch {
          // It is closed already.
        }
        return;
      }
      this.#held -= next.bytes.length;
      this.#note();
    }
  }

  #note(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

if (import.meta.main) {
  const [toPort = 0, delay = 0] = Deno.args.map(Number);
  console.log(startDelayingRelay(toPort, delay).port);
}
