// What is wrong with a head, as values: a head that is malformed (RFC 9113, 8.1.1), and what is forgiven.
// Scope, peer and error code are added by whoever knows the stream.

export interface HeadFault {
  kind: "malformed";
  /** One sentence, for a person. */
  message: string;
  /** "RFC 9113, 8.3.1" */
  rule: string;
}

/** Something an origin should not have sent, and that harms nobody. */
export interface HeadNote {
  /** A stable name, kebab case. */
  code: string;
  message: string;
  rule: string;
}

export function malformed(message: string, rule: string): HeadFault {
  return { kind: "malformed", message, rule };
}
