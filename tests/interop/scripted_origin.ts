// An origin that says exactly what a scenario tells it to, and keeps every byte it was sent.

import { type OriginConnection, type RawOrigin, startRawOrigin } from "../kit/origins.ts";

/** What a connection of the origin does. It may wait for what the client sends. */
export type Script = (connection: OriginConnection) => void | Promise<void>;

export class ScriptedOrigin implements AsyncDisposable {
  readonly raw: RawOrigin;
  readonly scheme: "http" | "https";
  /** For the connections that come from now on. */
  script: Script = () => {};
  readonly #played: Promise<void>[];

  private constructor(raw: RawOrigin, scheme: "http" | "https", played: Promise<void>[]) {
    this.raw = raw;
    this.scheme = scheme;
    this.#played = played;
  }

  static async start(scheme: "http" | "https"): Promise<ScriptedOrigin> {
    let origin: ScriptedOrigin | null = null;
    const played: Promise<void>[] = [];
    const raw = await startRawOrigin({
      ...(scheme === "http"
        ? {}
        : { tls: { names: ["localhost", "127.0.0.1"], alpn: ["http/1.1", "http/1.0"] } }),
      onConnection: (connection) => {
        // Else small writes over TLS wait 40 ms for the peer's delayed acknowledgement.
        connection.socket.setNoDelay(true);
        const playing = (async () => await origin?.script(connection))();
        // It is looked at in `recorded`; a client that fails the test before must not end the process.
        playing.catch(() => {});
        played.push(playing);
      },
    });
    origin = new ScriptedOrigin(raw, scheme, played);
    return origin;
  }

  get port(): number {
    return this.raw.port;
  }

  /** Everything the newest connection brought. Rejects when its script failed. */
  async recorded(): Promise<string> {
    await this.#played.at(-1);
    return this.raw.connections.at(-1)?.received ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.raw[Symbol.asyncDispose]();
    await Promise.allSettled(this.#played);
  }
}

/** Answers the request, once its head has come, with these bytes. */
export function answer(...parts: (string | Uint8Array)[]): Script {
  return async (connection) => {
    await connection.until("\r\n\r\n");
    for (const part of parts) connection.send(part);
  };
}

/** The same, and ends the connection. */
export function answerAndClose(...parts: (string | Uint8Array)[]): Script {
  return async (connection) => {
    await answer(...parts)(connection);
    connection.finish();
  };
}

/** What came behind the head. */
export function bodyOf(received: string): string {
  return received.slice(received.indexOf("\r\n\r\n") + 4);
}
