// A port that is an origin's as seen through the proxy: every connection to it becomes a CONNECT tunnel. For clients that
// know no proxies.

import net from "node:net";
import { tunnelSocket } from "../proxy/tunnel_clients.ts";

export interface TunnelPort extends AsyncDisposable {
  /** On 127.0.0.1. */
  port: number;
}

/** `target`: "host:port", as CONNECT names it. */
export async function openTunnelPort(proxyPort: number, target: string): Promise<TunnelPort> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
    sockets.add(client);
    client.on("error", () => client.destroy());
    tunnelSocket(proxyPort, target).then((tunnel) => {
      sockets.add(tunnel);
      tunnel.on("error", () => client.destroy()).on("close", () => client.destroy());
      client.on("close", () => tunnel.destroy());
      client.pipe(tunnel).pipe(client);
    }, () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
