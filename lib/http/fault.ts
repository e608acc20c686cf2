// What a peer did wrong, as a value. It reaches the event log and the flow record with the rule it broke.

/** Which end of the proxied conversation. */
export type Peer = "client" | "server";

export interface ProtocolFault {
  /** `stream`: this exchange is lost, the connection goes on. `connection`: nothing more can be read from it. */
  scope: "stream" | "connection";
  peer: Peer;
  /** A stable name, kebab case: "bad-chunk-size", "te-and-content-length", "truncated", or an HTTP/2 error name. */
  code: string;
  /** The HTTP status that answers a client's fault, or stands in for a server's (502). */
  status: number;
  /** With a client's fault on one stream: a response can still be sent there, and `status` is what it deserves. */
  answerable?: true;
  /** The peer took the stream back itself: no rule was broken, and `code` is its word for the other peer. */
  isReset?: true;
  /** One sentence, for a person. */
  message: string;
  /** "RFC 9112, 6.3", or the name of our own limit: "limit: head size". */
  rule: string;
}

/** Something wrong that harms nobody: forgiven, named in the log. */
export interface ProtocolNote {
  peer: Peer;
  code: string;
  message: string;
  rule: string;
}
