// The order events may come in (lib/http/connection.ts): a head before data, one end at most, nothing after a reset, and
// nothing at all after a fault. Every event of every test goes through it.

import assert from "node:assert/strict";
import type { HttpEvent, Signal } from "../../lib/http/connection.ts";
import { isInterim } from "../../lib/http/head.ts";
import { describe } from "./describe.ts";

type Progress = "awaited" | "body" | "ended" | "reset";

export class EventGrammar {
  readonly #streams = new Map<number, Progress>();
  /** Whose heads have an end, and data all the same: RFC 9113, 8.5. */
  readonly #tunnels = new Set<number>();
  #over: string | null = null;

  /** Client role: a request with CONNECT was sent, so that a 2xx opens a tunnel. */
  connecting(stream: number): void {
    this.#tunnels.add(stream);
  }

  check(event: HttpEvent | Signal): void {
    const what = describe(event).slice(0, 200);
    assert.equal(this.#over, null, `${what} after ${this.#over}`);
    switch (event.kind) {
      case "head":
        return this.#head(event, what);
      case "data":
        assert.ok(event.credit >= event.data.length, `${what}: credit ${event.credit}`);
        return this.#body(event.stream, event.end, what);
      case "trailers":
        return this.#body(event.stream, true, what);
      case "reset":
        assert.notEqual(this.#streams.get(event.stream), "reset", `${what}: a second reset`);
        this.#streams.set(event.stream, "reset");
        return;
      case "push":
        assert.ok(!this.#streams.has(event.stream), `${what}: the stream is known`);
        this.#streams.set(event.stream, "awaited");
        return;
      case "fault":
        this.#over = what;
        return;
    }
  }

  #head({ stream, head, end }: HttpEvent & { kind: "head" }, what: string): void {
    const before = this.#streams.get(stream);
    assert.ok(
      before === undefined || (head.kind === "response" && before === "awaited"),
      `${what}: after ${before}`,
    );
    if (head.kind === "response" && isInterim(head)) {
      assert.equal(end, false, what);
      this.#streams.set(stream, "awaited");
      return;
    }
    if (head.kind === "request" && head.method === "CONNECT") this.#tunnels.add(stream);
    else if (head.kind === "response" && head.status >= 300) this.#tunnels.delete(stream);
    this.#streams.set(stream, end && !this.#tunnels.has(stream) ? "ended" : "body");
  }

  #body(stream: number, end: boolean, what: string): void {
    assert.equal(this.#streams.get(stream), "body", what);
    if (end) this.#streams.set(stream, "ended");
  }
}
