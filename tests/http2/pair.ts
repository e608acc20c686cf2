// Our client and our server, joined in memory: what one writes the other reads, in pieces of any size. Both are watched
// by their observers.

import assert from "node:assert/strict";
import type { Http2Options } from "../../lib/http2/limits.ts";
import { Http2Client } from "../../lib/http2/client.ts";
import { Http2Server } from "../../lib/http2/server.ts";
import { join } from "../kit/http2_frames.ts";
import { Wire } from "./drive.ts";

/** Turns after which a conversation must have come to rest. */
const MOST_TURNS = 1_000_000;

export class Pair {
  readonly client: Wire<Http2Client>;
  readonly server: Wire<Http2Server>;
  readonly #toServer: Uint8Array[] = [];
  readonly #toClient: Uint8Array[] = [];

  constructor(options: { client?: Partial<Http2Options>; server?: Partial<Http2Options> } = {}) {
    this.client = new Wire(new Http2Client({ hopByHop: "keep", ...options.client }), "client");
    this.server = new Wire(new Http2Server({ hopByHop: "keep", ...options.server }), "server");
    this.client.onBytes = (bytes) => this.#toServer.push(bytes.slice());
    this.server.onBytes = (bytes) => this.#toClient.push(bytes.slice());
    this.client.turn();
    this.server.turn();
  }

  /** Bytes under way. */
  get underWay(): number {
    return [...this.#toServer, ...this.#toClient].reduce((sum, { length }) => sum + length, 0);
  }

  /** Delivers at most `length` bytes to one side; whether there were any. */
  deliver(to: "client" | "server", length: number): boolean {
    const queue = to === "client" ? this.#toClient : this.#toServer;
    if (queue.length === 0) return false;
    const all = queue.length === 1 ? queue[0]! : join(...queue);
    queue.length = 0;
    if (all.length > length) queue.push(all.slice(length));
    const wire = to === "client" ? this.client : this.server;
    wire.feed(all.slice(0, length));
    return true;
  }

  /** Delivers until nothing is under way, `piece` bytes at a time. */
  settle(piece = Infinity): this {
    for (let turns = 0; this.deliver("server", piece) || this.deliver("client", piece); turns++) {
      assert.ok(turns < MOST_TURNS, "the conversation does not come to rest");
    }
    return this;
  }
}
