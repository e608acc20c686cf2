// What becomes of an exchange that does not simply run to its end: a leg fails, a limit is reached, a hook answers or
// kills. A failure on one side reaches the other as what it was.
// Invariants: a body that was cut short never ends cleanly; the client gets a page only while it has nothing of a
// response; each exchange is answered, reset or finished exactly once.

import type { ProtocolFault } from "../http/fault.ts";
import type { Answer } from "../hooks/hooks.ts";
import type { TransportFault } from "../net/transport.ts";
import { type CompleteResponse, errorPage, responseFromAnswer } from "./answers.ts";
import { howClosed } from "./closing_words.ts";
import { log, now } from "./context.ts";
import { ExchangeRelay } from "./exchange_relay.ts";
import { UpstreamError } from "./upstream_error.ts";

/** What a client that has its whole answer ends the rest of its request with: RFC 9112, 9.5; RFC 9113, 8.1. */
const HAD_ENOUGH = new Set(["truncated", "NO_ERROR", "CANCEL"]);

/** RFC 9110, 15.6: what a client is told when there is no connection for its request, if not 502. */
const UNREACHABLE_STATUS: Readonly<Record<string, number>> = { "timed-out": 504, "no-extended-connect": 501 };

export class Exchange extends ExchangeRelay {
  clientClosed(fault: TransportFault | null): void {
    if (this.over || this.tunnel?.legGone(true, null) === true) return;
    if (!this.responseDone) {
      const message = `the client ${howClosed(fault)} before the response was complete`;
      this.#fail("client", "client-gone", message, null);
    }
    this.abortServer();
    this.finish();
  }

  serverClosed(fault: TransportFault | null): void {
    const message = `the server ${howClosed(fault)}`;
    this.serverFailed({
      scope: "connection",
      peer: "server",
      code: "server-gone",
      status: 502,
      message,
      rule: "",
    });
  }

  timedOut(seconds: number): void {
    const message = `nothing moved for ${seconds} s`;
    this.#fail("proxy", "stalled", message, null);
    this.abortServer();
    if (!this.responseStarted) {
      return this.sendComplete(errorPage(504, `${message}; --stall-timeout sets how long mitm waits`, null));
    }
    this.client.reset(proxyFault("stalled", message));
    this.finish();
  }

  /** There is no connection to the origin to be had. */
  unreachable(error: unknown): void {
    if (this.over) return;
    const { code, message } = UpstreamError.from(error);
    this.#fail("server", code, message, null);
    this.sendComplete(errorPage(UNREACHABLE_STATUS[code] ?? 502, message, null));
  }

  /** Ends it now, from a person or a hook: both sides see a reset. */
  kill(): void {
    if (this.over) return;
    this.flow.killed = true;
    this.#tearDown("killed", "killed by a hook");
  }

  /** Ends it now, because its connection is ended by mitm: both sides see a reset. */
  stop(): void {
    this.#tearDown("stopped", "mitm ended the connection before the response was complete");
  }

  /** A request that cannot be forwarded is answered with a page. */
  refuse(
    status: number,
    code: string,
    message: string,
    rule: string | null,
    by: "client" | "proxy" = "proxy",
  ): void {
    this.#fail(by, code, message, rule);
    this.abortServer();
    this.sendComplete(errorPage(status, message, rule));
  }

  /** A complete response of our own (the CA page). */
  respond(response: CompleteResponse): void {
    this.flow.answered = true;
    this.sendComplete(response);
  }

  protected override answer(answer: Answer): void {
    this.flow.answered = true;
    this.abortServer();
    this.sendComplete(responseFromAnswer(answer));
  }

  /** What was to be sent cannot be: a hook made it illegal, or it is our own mistake. Only this flow ends. */
  protected override broken(error: unknown): void {
    if (this.over) return;
    const message = `internal error: ${error instanceof Error ? error.message : error}`;
    log(this.context, "error", "internal", `${message} (flow ${this.flow.id})`, this.flow.client);
    this.#fail("proxy", "internal", message, null);
    this.#cutShort(proxyFault("internal", message, 500), message);
  }

  protected override tooLarge(which: "request" | "response", limit: number): void {
    const message = `the ${which} body is over --body-size-limit (${limit} bytes)`;
    this.#fail("proxy", "body-size-limit", message, null);
    this.#cutShort(proxyFault("body-size-limit", message, which === "request" ? 413 : 502), message);
  }

  /** The client broke a rule, or took its stream back. */
  protected override clientReset(fault: ProtocolFault): void {
    if (this.over || this.tunnel?.legGone(true, fault) === true) return;
    this.requestLost = true;
    const hasHadEnough = this.responseDone && HAD_ENOUGH.has(fault.code);
    if (!hasHadEnough) this.#fail("client", fault.code, fault.message, fault.rule);
    // A rule that the client broke is nothing to reproach the origin with: for it the request is cancelled.
    this.abortServer(fault.isReset === true ? fault : undefined);
    // The codec closes in good order: the answer may not be on the wire yet.
    if (this.responseDone) return this.finish();
    const isAlone = fault.scope === "connection" && !this.client.connection.multiplexes;
    if (!this.responseStarted && (isAlone || fault.answerable === true)) {
      return this.sendComplete(errorPage(fault.status, fault.message, fault.rule));
    }
    this.client.reset(fault);
    this.finish();
  }

  protected override serverFailed(fault: ProtocolFault): void {
    if (this.over || this.tunnel?.legGone(false, fault) === true) return;
    const { code, message } = fault;
    if (this.responseDone || this.responseArrived) {
      // RFC 9113, 8.1: an answer that needs no more of the request is a good one.
      this.unwanted = fault.isReset === true ? fault : proxyFault("NO_ERROR", message);
      this.abortServer();
      return this.finishIfDone();
    }
    const again = this.origin.retry(code);
    if (again !== false) return void again?.catch((error) => this.broken(error));
    const where = `${this.flow.host}:${this.flow.port}`;
    this.#fail("server", code, `${message} (${where})`, fault.rule === "" ? null : fault.rule);
    this.#cutShort(fault, `${where}: ${message}`);
  }

  #tearDown(code: string, message: string): void {
    if (this.over) return;
    if (!this.responseDone || this.flow.killed) this.#fail("proxy", code, message, null);
    this.abortServer();
    this.client.reset(proxyFault(code, message));
    this.finish();
  }

  /**
   * Ends it before its time: with a page while the client has nothing yet, else by a reset. Where the client can be shown
   * that the origin took its stream back, it is.
   */
  #cutShort(fault: ProtocolFault, message: string): void {
    this.abortServer();
    const isShown = fault.isReset === true && this.client.connection.multiplexes;
    if (!this.responseStarted && !isShown) {
      return this.sendComplete(errorPage(fault.status, message, fault.rule === "" ? null : fault.rule));
    }
    this.client.reset(fault);
    this.finish();
  }

  #fail(by: "client" | "server" | "proxy", code: string, message: string, rule: string | null): void {
    this.flow.error ??= { at: now(), message, by, code, rule };
  }
}

/** Why we end what neither peer has ended. */
function proxyFault(code: string, message: string, status = 502): ProtocolFault {
  return { scope: "stream", peer: "server", code, status, message, rule: "" };
}
