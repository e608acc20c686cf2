// The running proxy: one listener, one session per client connection, and an orderly end.

import { networkInterfaces } from "node:os";
import type { Flow } from "../flow/record.ts";
import type { FlowStore } from "../flow/store.ts";
import type { Hooks } from "../hooks/hooks.ts";
import { Deadlines } from "../net/deadlines.ts";
import { Turns } from "../net/driver.ts";
import { listen, type Listener } from "../net/listen.ts";
import type { Endpoint, Transport } from "../net/transport.ts";
import type { CertificateAuthority } from "../tls/certificate_authority.ts";
import { ClientSession } from "./client_session.ts";
import { Ids, log, type ProxyContext } from "./context.ts";
import { InterceptionCertificates } from "./interception_certificates.ts";
import { RejectedHosts } from "./rejected_hosts.ts";
import { RunningFlows } from "./running_flows.ts";
import type { ReplayRequest } from "./replay_request.ts";
import type { ReplayTcp } from "./replay_tcp.ts";
import { Replays } from "./replays.ts";
import type { Settings } from "./settings.ts";
import { ToldNotes } from "./told_notes.ts";
import { addTrustedRoots, UpstreamTrust } from "./upstream_trust.ts";

export interface ProxyParts {
  authority: CertificateAuthority;
  hooks: Hooks;
  store: FlowStore;
}

export class Proxy {
  readonly #context: ProxyContext;
  readonly #sessions = new Set<ClientSession>();
  readonly #replays: Replays;
  #listener: Listener | null = null;
  #refused = 0;
  #emptied: (() => void) | null = null;

  /** Throws when a file the settings name cannot be read. */
  constructor(settings: Settings, parts: ProxyParts) {
    addTrustedRoots(settings.upstreamCa);
    this.#context = {
      settings,
      hooks: parts.hooks,
      store: parts.store,
      turns: new Turns(),
      deadlines: new Deadlines(),
      certificates: new InterceptionCertificates(parts.authority),
      trust: new UpstreamTrust(settings.clientCertificate),
      rejectedHosts: new RejectedHosts(),
      toldNotes: new ToldNotes(),
      running: new RunningFlows(),
      ids: new Ids(),
      isOwnAddress: (target) => this.#isOwnAddress(target),
    };
    this.#replays = new Replays(this.#context, () => this.#noteEmpty());
  }

  /** Client connections that are open now. */
  get connections(): number {
    return this.#sessions.size;
  }

  /** Replays that are under way now. They are no client connections. */
  get replays(): number {
    return this.#replays.size;
  }

  /** Ends a flow now, at a person's wish: both sides see a reset. False: it does not run. */
  kill(flow: Flow): boolean {
    let isKilled = false;
    this.#context.turns.run(() => isKilled = this.#context.running.kill(flow));
    return isKilled;
  }

  /** Listens. Rejects with a ListenError. */
  async start(): Promise<Endpoint> {
    const { listenHost, listenPort } = this.#context.settings;
    this.#listener = await listen(listenHost, listenPort, (transport) => this.#accept(transport));
    this.#context.deadlines.start();
    return this.#listener.address;
  }

  /** Stops accepting, lets what is open finish for `grace` milliseconds, then resets the rest. */
  async stop(grace: number): Promise<void> {
    this.#listener?.close();
    for (const session of [...this.#sessions]) session.shutdown();
    this.#replays.shutdown();
    if (!this.#isEmpty) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, grace);
        this.#emptied = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    for (const session of [...this.#sessions]) session.destroy();
    this.#replays.destroy();
    this.#context.deadlines.stop();
  }

  /**
   * Sends a request to its origin once more, as recorded or edited: a flow of its own (`replayed`), with no client. Null:
   * it is on its way; else one line for a person that says why not.
   */
  replayRequest(request: ReplayRequest): string | null {
    return this.#replays.request(request);
  }

  /** Says what a client of raw TCP has said to its server once more. As `replayRequest`. */
  replayTcp(replay: ReplayTcp): string | null {
    return this.#replays.tcp(replay);
  }

  #accept(transport: Transport): void {
    const { connectionLimit } = this.#context.settings;
    if (this.#sessions.size >= connectionLimit) {
      transport.reset();
      this.#refused++;
      // A flood must not flood the log: powers of two.
      if ((this.#refused & (this.#refused - 1)) === 0) {
        const message =
          `${connectionLimit} client connections are open (--connection-limit): ${this.#refused} refused so far`;
        log(this.#context, "warn", "connection-limit", message);
      }
      return;
    }
    const session = new ClientSession(this.#context, transport, () => {
      this.#sessions.delete(session);
      this.#noteEmpty();
    });
    this.#sessions.add(session);
    session.run();
  }

  get #isEmpty(): boolean {
    return this.#sessions.size === 0 && this.#replays.size === 0;
  }

  #noteEmpty(): void {
    if (this.#isEmpty) this.#emptied?.();
  }

  #isOwnAddress(target: Endpoint): boolean {
    const own = this.#listener?.address;
    if (own === undefined || target.port !== own.port) return false;
    const host = target.host.toLowerCase();
    if (host === own.host) return true;
    const loopback = host === "localhost" || host === "::1" || /^127\./.test(host);
    const wildcard = own.host === "0.0.0.0" || own.host === "::";
    if (loopback) return wildcard || own.host === "127.0.0.1" || own.host === "::1";
    return wildcard && localAddresses().has(host);
  }
}

function localAddresses(): Set<string> {
  const addresses = new Set<string>();
  for (const list of Object.values(networkInterfaces())) {
    for (const { address } of list ?? []) addresses.add(address);
  }
  return addresses;
}
