// The load client of the WebSocket rows, a process of its own: bench_websocket_load.ts JOB, as JSON. It opens all
// connections, warms up, then counts for a while. It says when it starts to count, when it ends, and then, for each
// address, the figures as a line of JSON. Every echo is counted and measured, and looked at each few messages.

import { pause, within } from "./bench_process.ts";
import { type Message, type WebSocketAddress, WebSocketClient } from "./bench_websocket_client.ts";
import { echoFault, makeVariants, type Variant } from "./bench_websocket_messages.ts";
import { COUNTING, COUNTING_ENDED, type WebSocketFigures, type WebSocketJob } from "./bench_websocket_run.ts";

/** An echo that takes this long counts as failed. Milliseconds. */
const ECHO_LIMIT = 10_000;

/** What the connections to one address have done. */
class Tally {
  readonly times: number[] = [];
  fault: string | null = null;

  figures(size: number, duration: number): WebSocketFigures {
    const sorted = Float64Array.from(this.times).sort();
    const percentile = (share: number) => sorted[Math.floor(sorted.length * share)] ?? null;
    return {
      requests: sorted.length,
      duration,
      bytes: sorted.length * size,
      p50: percentile(0.5),
      p99: percentile(0.99),
      fault: this.fault,
    };
  }
}

class Load {
  readonly #job: WebSocketJob;
  readonly #variants: Variant[];
  #isCounting = false;
  #isOver = false;

  constructor(job: WebSocketJob) {
    this.#job = job;
    this.#variants = makeVariants(job);
  }

  async run(): Promise<WebSocketFigures[]> {
    const { addresses, connections, every, size, warmUp, seconds } = this.#job;
    const tallies = addresses.map(() => new Tally());
    const clients: { client: WebSocketClient; tally: Tally }[] = [];
    for (const [index, address] of addresses.entries()) {
      const tally = tallies[index] ?? new Tally();
      for (let count = 0; count < connections; count++) {
        clients.push({ client: await this.#open(address), tally });
      }
    }
    const ends = clients.map(async ({ client, tally }, index) => {
      try {
        const delay = every === null ? null : every * index / clients.length;
        await (delay === null ? this.#echo(client, tally, index) : this.#pace(client, tally, delay));
      } catch (error) {
        tally.fault ??= error instanceof Error ? error.message : String(error);
      } finally {
        client[Symbol.dispose]();
      }
    });
    await pause(warmUp * 1000);
    this.#isCounting = true;
    console.log(COUNTING);
    const start = performance.now();
    await Promise.race([pause(seconds * 1000), Promise.all(ends)]);
    this.#isCounting = false;
    this.#isOver = true;
    const duration = (performance.now() - start) / 1000;
    console.log(COUNTING_ENDED);
    await within(ECHO_LIMIT, "an echo", Promise.all(ends)).catch((error: Error) => {
      for (const tally of tallies) tally.fault ??= error.message;
    });
    return tallies.map((tally) => tally.figures(size, duration));
  }

  async #open(address: WebSocketAddress): Promise<WebSocketClient> {
    // What is compressed anew may be longer.
    return await WebSocketClient.open(address, this.#job.deflate, this.#job.size + 64);
  }

  /** One message after the other, each when the echo of the one before has come. */
  async #echo(client: WebSocketClient, tally: Tally, offset: number): Promise<void> {
    for (let index = 0; !this.#isOver; index++) {
      const variant = this.#variant(offset + index);
      const start = performance.now();
      const sending = client.send(variant.frame);
      // A fault is told below; a long message comes back while it is sent.
      sending.catch(() => {});
      const message = await client.receive();
      if (message === null) throw new Error("the other side closed the connection");
      await sending;
      this.#take(message, variant, index, performance.now() - start, tally);
    }
    await client.sendClose();
    if (await client.receive() !== null) throw new Error("more messages came than were sent");
  }

  /** One message every `every` ms, whether or not the one before has come back. */
  async #pace(client: WebSocketClient, tally: Tally, delay: number): Promise<void> {
    const every = this.#job.every ?? 0;
    const starts: number[] = [];
    const first = performance.now() + delay;
    const send = async () => {
      while (!this.#isOver) {
        await pause(Math.max(0, first + starts.length * every - performance.now()));
        starts.push(performance.now());
        await client.send(this.#variant(starts.length - 1).frame);
      }
      await client.sendClose();
    };
    const receive = async () => {
      for (let index = 0;; index++) {
        const message = await client.receive();
        const start = starts[index];
        if (message === null && start === undefined) return;
        if (message === null) throw new Error("the other side closed the connection");
        if (start === undefined) throw new Error("more messages came than were sent");
        this.#take(message, this.#variant(index), index, performance.now() - start, tally);
      }
    };
    await Promise.all([send(), receive()]);
  }

  #take(message: Message, variant: Variant, index: number, time: number, tally: Tally): void {
    const fault = echoFault(message, variant, index);
    if (fault !== null) throw new Error(fault);
    if (this.#isCounting) tally.times.push(time);
  }

  #variant(index: number): Variant {
    const variant = this.#variants[index % this.#variants.length];
    if (variant === undefined) throw new Error("there are no messages");
    return variant;
  }
}

if (import.meta.main) {
  const job: WebSocketJob = JSON.parse(Deno.args[0] ?? "");
  for (const figures of await new Load(job).run()) console.log(JSON.stringify(figures));
  Deno.exit(0); // connections that hang are left
}
