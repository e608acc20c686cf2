// An origin whose connections a test makes, refuses and speaks on, codec and all, and those who want streams to it.

import type { Leg } from "../../lib/proxy/leg.ts";
import { newConnectionRecord } from "../../lib/proxy/context.ts";
import type { DialedUpstream, ProtocolChoice } from "../../lib/proxy/dial_upstream.ts";
import type { HttpProtocol, Origin } from "../../lib/proxy/origin.ts";
import {
  OriginConnections,
  type OriginConnectionsOwner,
  type StreamRequest,
} from "../../lib/proxy/origin_connections.ts";
import {
  type PushSignal,
  type StreamNeed,
  UpstreamConnection,
  type UpstreamOwner,
} from "../../lib/proxy/upstream_connection.ts";
import { UpstreamError } from "../../lib/proxy/upstream_error.ts";
import { MemoryTransport } from "../net/memory_transport.ts";
import { FakeCodec } from "./fake_codec.ts";
import { type MemoryContext, settled } from "./memory_context.ts";

export const ORIGIN: Origin = { scheme: "http", host: "origin.example", port: 80 };

export interface FakeUpstream {
  upstream: UpstreamConnection;
  codec: FakeCodec;
  transport: MemoryTransport;
}

interface FakeDial {
  offered: readonly HttpProtocol[];
  resolve: (dialed: DialedUpstream) => void;
  reject: (error: Error) => void;
  choice: ProtocolChoice;
}

export class FakeOrigin implements OriginConnectionsOwner {
  readonly connections: OriginConnections;
  /** Dials nobody has answered, oldest first. */
  readonly dials: FakeDial[] = [];
  /** All that were ever made. */
  readonly made: FakeUpstream[] = [];
  readonly pushes: [UpstreamConnection, PushSignal][] = [];
  readonly dropped: DialedUpstream[] = [];
  /** Requests for WebSockets that HTTP/2 does not take, and whether they want a fresh connection. */
  readonly turnedAway: [request: StreamRequest, fresh: boolean][] = [];
  onPush: (upstream: UpstreamConnection, push: PushSignal) => void = (upstream, push) =>
    void this.pushes.push([upstream, push]);
  /** What is done to a new codec before anything else. */
  prepare: (codec: FakeCodec) => void = () => {};
  idleCloses = 0;
  received = 0;
  readonly #memory: MemoryContext;

  constructor(memory: MemoryContext, choice: ProtocolChoice) {
    this.#memory = memory;
    this.connections = new OriginConnections(memory.context.turns, ORIGIN, choice, this);
  }

  /** The oldest dial succeeds. */
  async accept(protocol: HttpProtocol, transport = new MemoryTransport()): Promise<FakeUpstream> {
    const dial = this.dials.shift();
    if (dial === undefined) throw new Error("nobody dials");
    dial.choice.known = protocol;
    const record = newConnectionRecord(this.#memory.context, transport.remote, null, ORIGIN);
    dial.resolve({ transport, record, protocol });
    await settled();
    return this.made.at(-1)!;
  }

  /** The oldest dial fails. */
  async refuse(): Promise<void> {
    this.dials.shift()?.reject(new UpstreamError("refused", "connection refused"));
    await settled();
  }

  // --- OriginConnectionsOwner ---

  dial(_origin: Origin, choice: ProtocolChoice): Promise<DialedUpstream> {
    return new Promise((resolve, reject) => {
      this.dials.push({ offered: choice.offered, resolve, reject, choice });
    });
  }

  drop(dialed: DialedUpstream): void {
    this.dropped.push(dialed);
  }

  newUpstream(
    record: DialedUpstream["record"],
    transport: DialedUpstream["transport"],
    protocol: HttpProtocol,
    owner: UpstreamOwner,
    kept: boolean,
  ): UpstreamConnection {
    const codec = new FakeCodec(protocol === "http2");
    this.prepare(codec);
    const { context } = this.#memory;
    const upstream = new UpstreamConnection(context, {
      client: newConnectionRecord(context, transport.remote, null, null),
      record,
      transport,
      connection: codec,
      owner,
      kept,
    });
    this.made.push({ upstream, codec, transport: transport as MemoryTransport });
    return upstream;
  }

  overHttp1(_origin: Origin, request: StreamRequest, fresh: boolean): void {
    this.turnedAway.push([request, fresh]);
  }

  upstreamIdleClosed(): void {
    this.idleCloses++;
  }

  upstreamReceived(): void {
    this.received++;
  }

  upstreamOffers(): void {}

  upstreamPush(upstream: UpstreamConnection, push: PushSignal): void {
    this.onPush(upstream, push);
  }
}

/** Somebody who wants a stream. */
export class Wanter implements StreamRequest {
  readonly name: string;
  readonly log: string[];
  readonly need: StreamNeed;
  got: { upstream: UpstreamConnection; leg: Leg } | null = null;
  error: UpstreamError | null = null;
  calls = 0;
  readonly user: StreamRequest["user"] = {
    flow: null as never,
    serverEvent: () => {},
    serverDrained: () => {},
    serverClosed: () => {},
  };

  /** `log` gets the names in the order in which they were served. */
  constructor(name: string, log: string[], need: StreamNeed = "any") {
    this.name = name;
    this.log = log;
    this.need = need;
  }

  opened(upstream: UpstreamConnection, leg: Leg): void {
    this.calls++;
    this.got = { upstream, leg };
    this.log.push(this.name);
  }

  failed(error: UpstreamError): void {
    this.calls++;
    this.error = error;
    this.log.push(`${this.name} failed`);
  }

  /** Its stream is over, on both sides. */
  finish(): void {
    const { got } = this;
    if (got === null) throw new Error(`${this.name} has no stream`);
    this.got = null;
    const codec = got.upstream.driver.connection as FakeCodec;
    const { stream } = got.leg;
    const fault = {
      scope: "stream",
      peer: "client",
      code: "over",
      status: 0,
      message: "",
      rule: "",
    } as const;
    codec.send({ kind: "reset", stream, fault });
    got.upstream.release(got.leg);
  }
}
