// What a flow says in each direction, ready to be searched: bodies without their content codings, and messages.
// Invariants: nothing is decoded before it is asked for, and each direction once; lives for one look at a flow, which
// changes while it runs, and holds what was decoded no longer.

import { decodeBody } from "../flow/body_decode.ts";
import type { Flow, RequestRecord, ResponseRecord } from "../flow/record.ts";
import { Content } from "./pattern.ts";

/**
 * How much of a coded body is searched, in bytes: all that 1 MiB, what is captured of a body unless one asks for more,
 * holds of any text. Only a bomb expands further. Bodies without a coding are searched as far as they were captured.
 */
export const DECODED_LIMIT = 8 * 1024 * 1024;

export class FlowContents {
  readonly #flow: Flow;
  #fromClient: readonly Content[] | null = null;
  #fromServer: readonly Content[] | null = null;

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  /** The request's body, and messages of the client. */
  get fromClient(): readonly Content[] {
    return this.#fromClient ??= contents(this.#flow, true);
  }

  /** The response's body, and messages of the server. */
  get fromServer(): readonly Content[] {
    return this.#fromServer ??= contents(this.#flow, false);
  }
}

function contents(flow: Flow, fromClient: boolean): Content[] {
  const found: Content[] = [];
  if (flow.kind === "http") {
    const body = decoded(fromClient ? flow.request : flow.response);
    if (body !== null) found.push(body);
    for (const message of flow.websocket?.messages ?? []) {
      if (message.fromClient === fromClient && message.body.kept > 0) {
        found.push(new Content(message.body.bytes()));
      }
    }
  }
  for (const message of flow.messages ?? []) {
    if (message.fromClient === fromClient && message.content.length > 0) {
      found.push(new Content(message.content));
    }
  }
  return found;
}

function decoded(message: RequestRecord | ResponseRecord | null): Content | null {
  if (message === null || message.body.kept === 0) return null;
  const limit = Math.max(DECODED_LIMIT, message.body.kept);
  return new Content(decodeBody(message.head.fields, message.body, limit).bytes);
}
