/** An origin cannot be reached, or not be trusted. The message is one line for a person: cause, host, what to do. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  /** "refused", "unresolvable", "timed-out", "unreachable", "tls-verification", "tls", "no-application-protocol", "no-websocket", "no-extended-connect", "loop", "failed" */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }

  /** Whatever was thrown on the way to an origin. */
  static from(error: unknown): UpstreamError {
    if (error instanceof UpstreamError) return error;
    return new UpstreamError("failed", error instanceof Error ? error.message : String(error));
  }
}
