// Accepting connections. Errors of the environment (port in use, no permission) reject `listen` with a message for a person.

import net from "node:net";
import { SocketTransport } from "./socket_transport.ts";
import type { Endpoint } from "./transport.ts";

/** Connections the system may hold before we accept them: bursts of a browser or a load test. */
const BACKLOG = 1024;

/** The address cannot be listened on; the message is one line for a person. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

export interface Listener {
  readonly address: Endpoint;
  /** Stops accepting; open connections go on. */
  close(): void;
}

/** Listens on `host:port` (port 0: any free one) and hands each accepted connection to `accept`. */
export function listen(
  host: string,
  port: number,
  accept: (transport: SocketTransport) => void,
): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = net.createServer(
      { allowHalfOpen: true, pauseOnConnect: true, noDelay: true },
      (socket) => accept(SocketTransport.accepted(socket)),
    );
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(new ListenError(describe(error, host, port)));
    });
    server.listen({ host, port, backlog: BACKLOG }, () => {
      const address = server.address();
      const actual = typeof address === "object" && address !== null ? address : { address: host, port };
      server.on("error", () => {});
      resolve({ address: { host: actual.address, port: actual.port }, close: () => server.close() });
    });
  });
}

function describe(error: NodeJS.ErrnoException, host: string, port: number): string {
  const where = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  switch (error.code) {
    case "EADDRINUSE":
      return `cannot listen on ${where}: the port is in use; choose another with --listen-port`;
    case "EACCES":
      return `cannot listen on ${where}: no permission for that port; choose one above 1023 with --listen-port`;
    case "EADDRNOTAVAIL":
    // What Deno makes of it.
    case "EINVAL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `cannot listen on ${where}: not an address of this machine; choose another with --listen-host`;
    default:
      return `cannot listen on ${where}: ${error.code ?? error.message}`;
  }
}
