// Requests as they will be sent again: as they came, or as a person has edited them since.
// Invariant: a flow's record is never changed; its draft is a copy.

import type { Flow, HttpFlow, TcpFlow } from "../flow/record.ts";
import type { ReplayedConversation, ReplayedRequest } from "./console_proxy.ts";
import { isReplayable } from "./flow_facts.ts";

export class Drafts {
  readonly #drafts = new WeakMap<Flow, ReplayedRequest>();

  has(flow: Flow): boolean {
    return this.#drafts.has(flow);
  }

  /** The request of `flow` as it would be sent now; a string says why it cannot be. It may be changed. */
  of(flow: HttpFlow): ReplayedRequest | string {
    const draft = this.#drafts.get(flow);
    if (draft !== undefined) return draft;
    if (!isReplayable(flow)) return "a tunnel or a WebSocket is not replayed: its messages can be sent again";
    const { head, body, trailers } = flow.request;
    if (body.truncated) {
      return "only part of the body was kept: raise --capture-limit to replay such requests";
    }
    if (flow.host === "") return "the request names no host";
    return {
      scheme: flow.scheme === "https" ? "https" : "http",
      host: flow.host,
      port: flow.port,
      head: { ...head, fields: head.fields.clone() },
      body: body.bytes(),
      trailers: trailers?.clone() ?? null,
    };
  }

  keep(flow: Flow, draft: ReplayedRequest): void {
    this.#drafts.set(flow, draft);
  }

  drop(flow: Flow): void {
    this.#drafts.delete(flow);
  }
}

/** What the client of a conversation has sent; a string says why it cannot be sent again. */
export function conversationOf(flow: TcpFlow): ReplayedConversation | string {
  const sent = flow.messages.filter(({ fromClient, dropped }) => fromClient && !dropped);
  if (flow.messagesDropped > 0 || sent.some(({ content, length }) => content.length < length)) {
    return "only part of what was said was kept: raise --capture-limit to replay such conversations";
  }
  if (sent.length === 0) return "the client has sent nothing";
  return {
    host: flow.host,
    port: flow.port,
    tls: flow.tls,
    serverName: flow.server?.tls?.serverName ?? null,
    chunks: sent.map(({ content }) => content),
    endsAfter: flow.closedBy === "client",
  };
}
