// What the console may ask of the proxy; the room that knows both joins them.

import type { Flow } from "../flow/record.ts";
import type { Fields } from "../http/fields.ts";
import type { RequestHead } from "../http/head.ts";

/** A request to be sent (again). */
export interface ReplayedRequest {
  scheme: "http" | "https";
  host: string;
  port: number;
  head: RequestHead;
  body: Uint8Array;
  trailers: Fields | null;
}

/** What a client once said to a server, to be said again. */
export interface ReplayedConversation {
  host: string;
  port: number;
  tls: boolean;
  serverName: string | null;
  chunks: readonly Uint8Array[];
  /** The client had ended its side. */
  endsAfter: boolean;
}

export interface ConsoleProxy {
  /** Ends a flow that runs: both sides see a reset. False: it does not run. */
  kill(flow: Flow): boolean;
  /** Null, or why it cannot be sent. It comes as a new flow. */
  replayRequest(request: ReplayedRequest): string | null;
  replayTcp(conversation: ReplayedConversation): string | null;
}
