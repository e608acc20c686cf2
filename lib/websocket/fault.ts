// What a peer did wrong in a WebSocket, as a value: it fails its own connection (RFC 6455, 7.1.7).

export interface WebSocketFault {
  /** What the peer's connection is closed with (RFC 6455, 7.4.1). */
  closeCode: number;
  /** A stable name, kebab case: "unmasked-frame", "invalid-utf8". */
  code: string;
  /** One sentence, for a person. */
  message: string;
  /** "RFC 6455, 5.1", or the name of our own limit. */
  rule: string;
}

/** RFC 6455, 7.4.1: 1002. */
export function protocolFault(code: string, message: string, rule: string): WebSocketFault {
  return { closeCode: 1002, code, message, rule };
}
