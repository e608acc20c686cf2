// What all parts of one running proxy share. Owned by `Proxy`, handed to every session.

import type { FlowStore } from "../flow/store.ts";
import type { ConnectionRecord, TlsFacts } from "../flow/record.ts";
import type { Hooks, LogEntry } from "../hooks/hooks.ts";
import type { Deadlines } from "../net/deadlines.ts";
import type { Turns } from "../net/driver.ts";
import type { Endpoint } from "../net/transport.ts";
import type { InterceptionCertificates } from "./interception_certificates.ts";
import type { RejectedHosts } from "./rejected_hosts.ts";
import type { RunningFlows } from "./running_flows.ts";
import type { Settings } from "./settings.ts";
import type { ToldNotes } from "./told_notes.ts";
import type { UpstreamTrust } from "./upstream_trust.ts";

export interface ProxyContext {
  readonly settings: Settings;
  readonly hooks: Hooks;
  readonly store: FlowStore;
  readonly turns: Turns;
  readonly deadlines: Deadlines;
  readonly certificates: InterceptionCertificates;
  readonly trust: UpstreamTrust;
  readonly rejectedHosts: RejectedHosts;
  readonly toldNotes: ToldNotes;
  readonly running: RunningFlows;
  readonly ids: Ids;
  /** Whether an address is our own listener: dialing it would be a loop. */
  isOwnAddress(target: Endpoint): boolean;
}

/** Counts flows and connections of one proxy, from 1. */
export class Ids {
  #flow = 0;
  #connection = 0;

  nextFlow(): number {
    return ++this.#flow;
  }

  nextConnection(): number {
    return ++this.#connection;
  }
}

const { timeOrigin } = performance;

/** Milliseconds since the epoch, with fractions, and never going back. */
export function now(): number {
  return timeOrigin + performance.now();
}

/** A line for the event log that belongs to no flow. */
export function log(
  context: ProxyContext,
  level: LogEntry["level"],
  code: string,
  message: string,
  client: ConnectionRecord | null = null,
  rule: string | null = null,
): void {
  if (!context.hooks.has("log")) return;
  context.hooks.run("log", { level, at: now(), message, client, code, rule });
}

export function newConnectionRecord(
  context: ProxyContext,
  remote: Endpoint,
  local: Endpoint | null,
  name: Endpoint | null,
): ConnectionRecord {
  return {
    id: context.ids.nextConnection(),
    remote,
    local,
    name,
    startedAt: now(),
    connectedAt: null,
    tlsAt: null,
    endedAt: null,
    tls: null,
  };
}

export function unknownTlsFacts(serverName: string | null, alpnOffers: readonly string[]): TlsFacts {
  return {
    version: "",
    cipher: "",
    alpn: null,
    alpnOffers,
    serverName,
    certificate: null,
    verifyError: null,
  };
}
