// The origin of the WebSocket rows: bench_websocket_origin.ts PORT, in a folder with the certificate. It echoes over
// TLS: what comes in with one read goes back with one write.

import { type Buffer } from "node:buffer";
import { createServer, type TLSSocket } from "node:tls";
import { CERTIFICATE_FILE, KEY_FILE } from "./bench_nginx.ts";
import { FrameEcho } from "./bench_websocket_frames.ts";
import { upgradeResponse } from "./bench_websocket_handshake.ts";

const HEAD_LIMIT = 64 * 1024;

function serve(socket: TLSSocket): void {
  const echo = new FrameEcho();
  let request: string | null = "";
  // Deno.listenTls would be faster, but has no way to turn Nagle's algorithm off.
  socket.setNoDelay(true);
  // The client tells what was wrong.
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    if (request === null) return answer(chunk);
    request += chunk.toString("latin1");
    if (request.length > HEAD_LIMIT) return void socket.destroy();
    // The client waits for the answer: nothing follows the head.
    if (!request.endsWith("\r\n\r\n")) return;
    const response = upgradeResponse(request);
    if (response === null) {
      socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    request = null;
    socket.write(response);
  });
  const answer = (chunk: Buffer): void => {
    try {
      socket.write(echo.answer(chunk));
      if (echo.isClosed) socket.end();
    } catch {
      socket.destroy();
    }
  };
}

if (import.meta.main) {
  const [cert, key] = [await Deno.readTextFile(CERTIFICATE_FILE), await Deno.readTextFile(KEY_FILE)];
  createServer({ cert, key }, serve).listen(Number(Deno.args[0]), "127.0.0.1");
}
