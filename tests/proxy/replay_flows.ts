// What a console makes of recorded flows to have them sent again, and how heads look as text.

import type { HttpFlow, TcpFlow } from "../../lib/flow/record.ts";
import { Fields } from "../../lib/http/fields.ts";
import type { RequestHead } from "../../lib/http/head.ts";
import type { Hooks } from "../../lib/hooks/hooks.ts";
import type { ReplayRequest } from "../../lib/proxy/replay_request.ts";
import type { ReplayTcp } from "../../lib/proxy/replay_tcp.ts";
import { bytesOf } from "../net/memory_transport.ts";

/** The request of a recorded flow as it is. */
export function requestOf(flow: HttpFlow): ReplayRequest {
  const { head, body, trailers } = flow.request;
  const scheme = flow.scheme === "https" ? "https" : "http";
  return { scheme, host: flow.host, port: flow.port, head, body: body.bytes(), trailers };
}

/** A request that was not recorded, to a port of 127.0.0.1. Its fields are Host and those given. */
export function requestTo(
  port: number,
  method: string,
  path: string,
  fields: readonly (readonly [string, string])[] = [],
  body: string | Uint8Array = "",
  more: Partial<RequestHead> = {},
): ReplayRequest {
  const authority = `127.0.0.1:${port}`;
  const head: RequestHead = {
    kind: "request",
    version: "HTTP/1.1",
    method,
    target: path,
    targetForm: "origin",
    scheme: "",
    authority,
    path,
    protocol: null,
    framing: "none",
    contentLength: null,
    fields: Fields.of(...more.version === "HTTP/2.0" ? [] : [["Host", authority] as const], ...fields),
    ...more,
  };
  const bytes = typeof body === "string" ? bytesOf(body) : body;
  return { scheme: "http", host: "127.0.0.1", port, head, body: bytes, trailers: null };
}

/** What the client of a recorded conversation has said. */
export function conversationOf(flow: TcpFlow): ReplayTcp {
  const chunks = flow.messages.filter(({ fromClient }) => fromClient).map(({ content }) => content);
  const { host, port, tls } = flow;
  return { host, port, tls, serverName: flow.client.tls?.serverName ?? null, chunks, endsAfter: false };
}

/** A conversation that was not recorded, with a port of 127.0.0.1. */
export function sayTo(port: number, chunks: readonly (string | Uint8Array)[], endsAfter = false): ReplayTcp {
  const bytes = chunks.map((chunk) => typeof chunk === "string" ? bytesOf(chunk) : chunk);
  return { host: "127.0.0.1", port, tls: false, serverName: null, chunks: bytes, endsAfter };
}

/** The next conversation to begin. */
export function nextTcp(hooks: Hooks): Promise<TcpFlow> {
  return new Promise((resolve) => {
    const remove = hooks.on("tcpStart", (flow) => {
      remove();
      if (flow.kind === "tcp") resolve(flow);
    });
  });
}

/** Until no more of what a client says is taken; how much that was. */
export async function saidUntilStopped(said: () => number): Promise<number> {
  let seen = -1;
  for (let quiet = 0; quiet < 20; quiet++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (said() !== seen) quiet = 0;
    seen = said();
  }
  return seen;
}

/** A head with everything that is recorded of it. */
export function recorded({ fields, ...head }: RequestHead): unknown {
  return { ...head, fields: [...fields] };
}
