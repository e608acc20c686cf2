// Connecting to an origin: name resolution, overrides, a timeout, and errors a person can act on.

import { formatHostPort } from "../http/target.ts";
import { SocketTransport } from "./socket_transport.ts";
import type { Endpoint } from "./transport.ts";

export type DialErrorCode = "refused" | "unresolvable" | "timed-out" | "unreachable" | "failed";

/** The origin could not be reached. The message is one line for a person and names host and cause. */
export class DialError extends Error {
  override readonly name = "DialError";
  readonly code: DialErrorCode;

  constructor(code: DialErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Connects to `target`, or to `instead` where an override names another address. `timeout` in milliseconds.
 * Rejects with a DialError only.
 */
export async function dial(target: Endpoint, instead: Endpoint, timeout: number): Promise<SocketTransport> {
  const signal = AbortSignal.timeout(timeout);
  try {
    return await SocketTransport.connect(instead.host, instead.port, signal);
  } catch (error) {
    throw describe(error, target, instead, signal.aborted ? timeout : null);
  }
}

function describe(error: unknown, target: Endpoint, instead: Endpoint, timeout: number | null): DialError {
  const asked = formatHostPort(target.host, target.port);
  const real = formatHostPort(instead.host, instead.port);
  const where = asked === real ? asked : `${asked} (at ${real})`;
  if (timeout !== null) {
    return new DialError("timed-out", `connection to ${where} timed out after ${timeout / 1000} s`);
  }
  const code = errorCode(error);
  switch (code) {
    case "ECONNREFUSED":
      return new DialError("refused", `connection to ${where} refused: nothing listens there`);
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_NONAME":
    case "EAI_NODATA":
      return new DialError(
        "unresolvable",
        `cannot resolve ${instead.host}: no such host, or no name server answers`,
      );
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EADDRNOTAVAIL":
      return new DialError("unreachable", `no route to ${where}`);
    case "ETIMEDOUT":
      return new DialError("timed-out", `connection to ${where} timed out`);
    default:
      return new DialError("failed", `connection to ${where} failed: ${code}`);
  }
}

/** The system's name for an error; the first one where several addresses were tried. */
function errorCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0]);
  if (error instanceof Error) {
    const code = Reflect.get(error, "code");
    return typeof code === "string" ? code : error.message;
  }
  return String(error);
}
