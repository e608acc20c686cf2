// What becomes of the streams of a client that has ended its side of an HTTP/2 connection: answers that fit its windows
// still reach it, the others would wait for ever.

import type { ProtocolFault } from "../http/fault.ts";
import type { HttpDriver } from "../net/driver.ts";
import type { Exchange } from "./exchange.ts";
import type { SessionTunnels } from "./session_tunnels.ts";

const CLIENT_GONE: ProtocolFault = {
  scope: "stream",
  peer: "client",
  code: "client-gone",
  status: 400,
  message: "the client closed the connection before the response was complete",
  rule: "RFC 9113, 6.9",
};

/** Gives up what waits for a window that nobody will open. To be called whenever all has been said that can be. */
export function giveUpStarved(
  driver: HttpDriver,
  exchanges: Iterable<Exchange>,
  tunnels: SessionTunnels,
): void {
  const { connection } = driver;
  // What is still to be written is no window's matter.
  if (!connection.multiplexes || connection.output.length > 0) return;
  let isEmpty = true;
  for (const exchange of [...exchanges]) {
    const { stream } = exchange.client;
    if (connection.capacity(stream) === 0) {
      exchange.clientEvent({ kind: "reset", stream, fault: CLIENT_GONE });
    } else isEmpty = false;
  }
  for (const stream of tunnels.streams()) {
    if (connection.capacity(stream) > 0) continue;
    tunnels.take({ kind: "reset", stream, fault: CLIENT_GONE });
    connection.send({ kind: "reset", stream, fault: CLIENT_GONE });
    driver.touch();
  }
  // What is left is the end of an answer that had its exchange already.
  if (isEmpty && tunnels.isEmpty && !connection.closing) driver.close();
}
