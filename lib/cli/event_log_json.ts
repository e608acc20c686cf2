// The event log for programs: one JSON object a line (RFC 8259). `docs/log-json.md` describes every key.
// Invariants: every key of a type is always there, null where there is nothing; strings from the wire are byte-true
// through `encoding`; a line holds no character that is not safe to show.

import { type CapturedBody, decodeBody } from "../flow/body_decode.ts";
import { flowTarget, flowUrl } from "../flow/flow_url.ts";
import type {
  CertificateFacts,
  ConnectionRecord,
  Flow,
  FlowError,
  HttpFlow,
  TcpFlow,
  TcpMessage,
  TlsFacts,
  WebSocketMessage,
} from "../flow/record.ts";
import type { LogEntry } from "../hooks/hooks.ts";
import type { Fields } from "../http/fields.ts";
import type { RequestHead, ResponseHead } from "../http/head.ts";
import { decodeUtf8 } from "../format/decode_text.ts";
import { clientOf } from "./format_connection.ts";
import { escapeJsonText } from "../format/escape.ts";
import type { ByteTotals, ConnectionEvent, Detail, EventPrinter, WebSocketTotals } from "./format_event.ts";
import { protocolOf } from "./format_tcp.ts";
import { schemeOf, shownMessageBytes } from "./format_websocket.ts";
import { formatTimestamp } from "../format/units.ts";
import { WireStrings } from "./format_wire_strings.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

export class JsonPrinter implements EventPrinter {
  readonly #detail: Detail;

  constructor(options: { detail: Detail }) {
    this.#detail = options.detail;
  }

  http(flow: HttpFlow): string {
    const { request, response } = flow;
    return wireLine((wire) => ({
      type: "http",
      at: time(flow.endedAt ?? flow.response?.startedAt ?? flow.error?.at ?? flow.startedAt),
      flow: flow.id,
      client: connectionJson(flow.client),
      server: flow.server === null ? null : connectionJson(flow.server),
      url: wire.text(flowUrl(flow)),
      scheme: wire.text(flow.scheme),
      host: wire.text(flow.host),
      port: flow.port,
      request: {
        ...requestHeadJson(request.head, wire),
        trailers: fieldsJson(request.trailers, wire),
        body: this.#body(request.head.fields, request.body),
        started_at: time(request.startedAt),
        head_at: time(request.headAt),
        ended_at: time(request.endedAt),
      },
      interim: flow.interim.map(({ head, at }) => ({ ...responseHeadJson(head, wire), at: time(at) })),
      response: response === null ? null : {
        ...responseHeadJson(response.head, wire),
        trailers: fieldsJson(response.trailers, wire),
        body: this.#body(response.head.fields, response.body),
        framing: response.head.framing,
        started_at: time(response.startedAt),
        ended_at: time(response.endedAt),
      },
      switched: flow.messages !== null || flow.websocket !== null,
      ...endJson(flow),
      edited: flow.edited,
      answered: flow.answered,
      killed: flow.killed,
      notes: flow.notes.slice(),
    }));
  }

  tcpStart(flow: TcpFlow | HttpFlow): string {
    return wireLine((wire) => ({
      type: "tcp-start",
      at: time(flow.kind === "tcp" ? flow.startedAt : flow.response?.startedAt ?? flow.startedAt),
      ...this.#conversation(flow, wire),
    }));
  }

  tcpMessage(flow: TcpFlow | HttpFlow, message: TcpMessage, content: Uint8Array): string {
    return wireLine((wire) => ({
      type: "tcp-message",
      at: time(message.at),
      ...this.#conversation(flow, wire),
      from: message.fromClient ? "client" : "server",
      size: message.length,
      captured: message.content.length,
      edited: message.edited,
      dropped: message.dropped,
      injected: message.injected,
      ...(this.#detail >= 3 ? contentJson(content, false) : {}),
    }));
  }

  tcpEnd(flow: TcpFlow | HttpFlow, totals: ByteTotals): string {
    return wireLine((wire) => ({
      type: "tcp-end",
      at: time(flow.endedAt ?? flow.error?.at ?? Date.now()),
      ...this.#conversation(flow, wire),
      bytes_from_client: totals.fromClient,
      bytes_from_server: totals.fromServer,
      closed_by: flow.closedBy,
      ...endJson(flow),
      killed: flow.killed,
    }));
  }

  webSocketStart(flow: HttpFlow): string {
    return wireLine((wire) => ({
      type: "websocket-start",
      at: time(flow.websocket?.startedAt ?? flow.startedAt),
      ...this.#conversation(flow, wire),
      compression: flow.websocket?.compression ?? false,
    }));
  }

  webSocketMessage(flow: HttpFlow, message: WebSocketMessage, content: Uint8Array): string {
    return wireLine((wire) => ({
      type: "websocket-message",
      at: time(message.endedAt ?? message.at),
      ...this.#conversation(flow, wire),
      from: message.fromClient ? "client" : "server",
      kind: message.type,
      started_at: time(message.at),
      size: message.body.length,
      captured: message.body.kept,
      frames: message.frames,
      compressed: message.compressed,
      edited: message.edited,
      dropped: message.dropped,
      injected: message.injected,
      invalid_text: message.invalidText,
      ...(shownMessageBytes(message, this.#detail) > 0 ? contentJson(content, message.body.truncated) : {}),
    }));
  }

  webSocketEnd(flow: HttpFlow, totals: WebSocketTotals): string {
    const close = flow.websocket?.close ?? null;
    return wireLine((wire) => ({
      type: "websocket-end",
      at: time(flow.endedAt ?? flow.error?.at ?? Date.now()),
      ...this.#conversation(flow, wire),
      close: close === null
        ? null
        : { at: time(close.at), code: close.code, reason: close.reason, by: close.by },
      messages_from_client: totals.messages.client,
      messages_from_server: totals.messages.server,
      bytes_from_client: totals.bytes.client,
      bytes_from_server: totals.bytes.server,
      closed_by: flow.closedBy,
      ...endJson(flow),
      killed: flow.killed,
    }));
  }

  connection(event: ConnectionEvent, at: number): string {
    switch (event.kind) {
      case "tls-hello":
        return wireLine((wire) => ({
          type: "tls",
          at: time(at),
          event: event.kind,
          leg: "client",
          connection: connectionJson(event.hello.client),
          host: wire.text(event.hello.host),
          port: event.hello.port,
          server_name: event.hello.serverName === null ? null : wire.text(event.hello.serverName),
          alpn_offers: event.hello.alpnOffers.map((offer) => wire.text(offer)),
          tls: null,
          reason: null,
        }));
      case "tls-established":
      case "tls-failed": {
        const { connection, leg } = event;
        const tls = connection.tls;
        return wireLine((wire) => ({
          type: "tls",
          at: time(at),
          event: event.kind,
          leg,
          connection: connectionJson(connection),
          host: connection.name === null ? null : wire.text(connection.name.host),
          port: connection.name?.port ?? null,
          server_name: tls === null || tls.serverName === null ? null : wire.text(tls.serverName),
          alpn_offers: tls === null ? [] : tls.alpnOffers.map((offer) => wire.text(offer)),
          tls: tlsJson(tls, wire),
          reason: event.kind === "tls-failed" ? event.reason : null,
        }));
      }
      default: {
        const client = clientOf(event);
        const server = "server" in event ? event.server : null;
        return wireLine((wire) => ({
          type: "connection",
          at: time(at),
          event: event.kind,
          client: client === null ? null : connectionJson(client),
          server: server === null ? null : connectionJson(server),
          host: server === null || server.name === null ? null : wire.text(server.name.host),
          port: server?.name?.port ?? null,
          duration_ms: duration(server ?? client),
          reason: event.kind === "server-failed" ? event.reason : null,
        }));
      }
    }
  }

  log(entry: LogEntry): string {
    return plainLine({
      type: "log",
      at: time(entry.at),
      level: entry.level,
      code: entry.code,
      message: entry.message,
      rule: entry.rule,
      client: entry.client === null ? null : connectionJson(entry.client),
    });
  }

  leftOut(count: number, at: number): string {
    return plainLine({ type: "left-out", at: time(at), count });
  }

  #conversation(flow: TcpFlow | HttpFlow, wire: WireStrings): JsonObject {
    return {
      flow: flow.id,
      client: connectionJson(flow.client),
      server: flow.server === null ? null : connectionJson(flow.server),
      target: wire.text(flowTarget(flow)),
      host: wire.text(flow.host),
      port: flow.port,
      protocol: flow.kind === "http" && flow.websocket !== null ? schemeOf(flow) : protocolOf(flow),
    };
  }

  #body(fields: Fields, body: CapturedBody & { readonly kept: number }): JsonObject {
    const sizes = { size: body.length, captured: body.kept };
    if (this.#detail < 3) return sizes;
    const decoded = decodeBody(fields, body);
    return {
      ...sizes,
      decoded: decoded.codings,
      decode_error: decoded.failure,
      complete: decoded.cut === null,
      ...contentJson(decoded.bytes, decoded.cut !== null && decoded.failure === null),
    };
  }
}

/** A line with strings from the wire. They are all read one way, which the line names. */
function wireLine(build: (wire: WireStrings) => JsonObject): string {
  const utf8 = new WireStrings("utf-8");
  const built = build(utf8);
  if (!utf8.failed) return encode(built, "utf-8");
  return encode(build(new WireStrings("latin1")), "latin1");
}

/** A line without strings from the wire. */
function plainLine(event: JsonObject): string {
  return `${escapeJsonText(JSON.stringify(event))}\n`;
}

function encode({ type, at, ...rest }: JsonObject, encoding: string): string {
  return plainLine({ type: type ?? null, at: at ?? null, encoding, ...rest });
}

/** `cut`: the last character may be incomplete, and is left out. */
function contentJson(bytes: Uint8Array, cut: boolean): JsonObject {
  const text = decodeUtf8(bytes, cut);
  return text === null ? { base64: bytes.toBase64() } : { text };
}

function requestHeadJson(head: RequestHead, wire: WireStrings): JsonObject {
  return {
    version: head.version,
    method: wire.text(head.method),
    target: wire.text(head.target),
    authority: wire.text(head.authority),
    path: wire.text(head.path),
    protocol: head.protocol === null ? null : wire.text(head.protocol),
    fields: fieldsJson(head.fields, wire),
  };
}

function responseHeadJson(head: ResponseHead, wire: WireStrings): JsonObject {
  return {
    version: head.version,
    status: head.status,
    reason: wire.text(head.reason),
    fields: fieldsJson(head.fields, wire),
  };
}

function fieldsJson(fields: Fields | null, wire: WireStrings): Json {
  return fields === null ? null : Array.from(fields, ([name, value]) => [wire.text(name), wire.text(value)]);
}

function connectionJson(connection: ConnectionRecord): JsonObject {
  const version = connection.tls?.version ?? "";
  return {
    id: connection.id,
    host: connection.remote.host,
    port: connection.remote.port,
    tls: version === "" ? null : version,
  };
}

function tlsJson(tls: TlsFacts | null, wire: WireStrings): Json {
  if (tls === null) return null;
  return {
    version: tls.version,
    cipher: tls.cipher,
    alpn: tls.alpn === null ? null : wire.text(tls.alpn),
    certificate: tls.certificate === null ? null : certificateJson(tls.certificate),
    verify_error: tls.verifyError,
  };
}

function certificateJson(certificate: CertificateFacts): JsonObject {
  return {
    subject: certificate.subject,
    issuer: certificate.issuer,
    alt_names: certificate.altNames,
    valid_from: certificate.validFrom,
    valid_to: certificate.validTo,
    fingerprint: certificate.fingerprint,
  };
}

function endJson(flow: Flow): JsonObject {
  return {
    started_at: time(flow.startedAt),
    ended_at: time(flow.endedAt),
    duration_ms: duration(flow),
    error: flow.error === null ? null : errorJson(flow.error),
  };
}

function errorJson(error: FlowError): JsonObject {
  return { message: error.message, by: error.by, code: error.code, rule: error.rule, at: time(error.at) };
}

function time(at: number): string;
function time(at: number | null): string | null;
function time(at: number | null): string | null {
  return at === null ? null : formatTimestamp(at);
}

/** Milliseconds with microseconds; null while it goes on. */
function duration(span: { startedAt: number; endedAt: number | null } | null): number | null {
  if (span === null || span.endedAt === null) return null;
  return Math.round((span.endedAt - span.startedAt) * 1000) / 1000;
}
