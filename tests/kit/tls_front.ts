// TLS in front of a plain port: for origins that cannot speak it themselves. What comes inside goes on as it is.

import net from "node:net";
import tls from "node:tls";
import { testOriginAuthority } from "./proxy_fixture.ts";

export interface TlsFront extends AsyncDisposable {
  /** On 127.0.0.1, with a certificate for localhost by the test authority. */
  port: number;
}

/** `alpn`: what it agrees to speak. */
export async function startTlsFront(plainPort: number, alpn: string[]): Promise<TlsFront> {
  const { certificatePem: cert, keyPem: key } = await (await testOriginAuthority()).leafFor({
    host: "localhost",
    extraNames: ["127.0.0.1"],
  });
  const sockets = new Set<net.Socket>();
  const server = tls.createServer({ cert, key, ALPNProtocols: alpn }, (client) => {
    client.setNoDelay(true);
    const plain = net.connect({ port: plainPort, host: "127.0.0.1", noDelay: true });
    sockets.add(plain);
    plain.on("error", () => client.destroy()).on("close", () => client.destroy());
    client.on("error", () => plain.destroy()).on("close", () => plain.destroy());
    client.pipe(plain).pipe(client);
  });
  server.on("connection", (socket: net.Socket) => sockets.add(socket));
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
