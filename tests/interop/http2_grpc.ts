// gRPC with grpc-js on both ends: a service by hand, without .proto files, and what its client sees of it.

import { Buffer } from "node:buffer";
import * as grpc from "@grpc/grpc-js";
import { startTlsFront } from "../kit/tls_front.ts";

const bytes = (value: Buffer): Buffer => value;
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});

/** What is said in messages are plain bytes. */
const service = {
  Unary: method("Unary", false, false),
  Fail: method("Fail", false, false),
  Down: method("Down", false, true),
  Up: method("Up", true, false),
  Both: method("Both", true, true),
};

export interface GrpcServer extends AsyncDisposable {
  port: number;
  /** Calls that were cancelled by their client. */
  readonly cancelled: Promise<void>;
}

/** At localhost; over TLS, or in the clear by prior knowledge. */
export async function startGrpcServer(scheme: "http" | "https"): Promise<GrpcServer> {
  const cancelled = Promise.withResolvers<void>();
  const server = new grpc.Server();
  server.addService(service, {
    Unary(call: grpc.ServerUnaryCall<Buffer, Buffer>, callback: grpc.sendUnaryData<Buffer>) {
      const head = new grpc.Metadata();
      head.set("x-head", "head");
      call.sendMetadata(head);
      const trailers = new grpc.Metadata();
      trailers.set("x-asked", String(call.metadata.get("x-asked")[0]));
      trailers.set("x-sum-bin", Buffer.from([0, 255, 10, 13]));
      callback(null, Buffer.concat([Buffer.from("re: "), call.request]), trailers);
    },
    Fail(_call: grpc.ServerUnaryCall<Buffer, Buffer>, callback: grpc.sendUnaryData<Buffer>) {
      const metadata = new grpc.Metadata();
      metadata.set("x-why", "because");
      callback({ code: grpc.status.NOT_FOUND, details: "not here: ä, %", metadata });
    },
    Down(call: grpc.ServerWritableStream<Buffer, Buffer>) {
      for (let index = 0; index < Number(call.request.toString()); index++) {
        call.write(Buffer.from(`d${index}`));
      }
      call.end();
    },
    Up(call: grpc.ServerReadableStream<Buffer, Buffer>, callback: grpc.sendUnaryData<Buffer>) {
      let length = 0;
      call.on("data", (message: Buffer) => length += message.length);
      call.on("end", () => callback(null, Buffer.from(String(length))));
    },
    Both(call: grpc.ServerDuplexStream<Buffer, Buffer>) {
      call.on("cancelled", () => cancelled.resolve());
      call.on("data", (message: Buffer) => call.write(Buffer.concat([Buffer.from("re: "), message])));
      call.on("end", () => call.end());
    },
  });
  const plainPort = await new Promise<number>((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync(
      "127.0.0.1:0",
      credentials,
      (error, port) => error === null ? resolve(port) : reject(error),
    );
  });
  // Under Deno, grpc-js serves in the clear whatever credentials it has.
  const front = scheme === "http" ? null : await startTlsFront(plainPort, ["h2"]);
  return {
    port: front?.port ?? plainPort,
    cancelled: cancelled.promise,
    async [Symbol.asyncDispose]() {
      await front?.[Symbol.asyncDispose]();
      server.forceShutdown();
    },
  };
}

export interface GrpcRoute {
  scheme: "http" | "https";
  /** Of the origin. */
  port: number;
  /** Where to connect: the origin's port, or one that leads there. */
  connectTo: number;
  caPem: string;
}

export interface GrpcStatus {
  code: number;
  details: string;
  trailers: Record<string, string>;
}

/** A client of the service above. */
export class GrpcClient implements Disposable {
  readonly #client: grpc.Client;

  constructor({ scheme, port, connectTo, caPem }: GrpcRoute) {
    const credentials = scheme === "http"
      ? grpc.credentials.createInsecure()
      : grpc.credentials.createSsl(Buffer.from(caPem));
    this.#client = new grpc.Client(`ipv4:127.0.0.1:${connectTo}`, credentials, {
      "grpc.default_authority": `localhost:${port}`,
      "grpc.enable_retries": 0,
      "grpc.use_local_subchannel_pool": 1,
      ...scheme === "https" ? { "grpc.ssl_target_name_override": "localhost" } : {},
    });
  }

  async unary(
    name: "Unary" | "Fail",
    message: string,
  ): Promise<GrpcStatus & { head: string; answer: string }> {
    const metadata = new grpc.Metadata();
    metadata.set("x-asked", "asked");
    const status = Promise.withResolvers<GrpcStatus>();
    let head = "";
    const answer = await new Promise<string>((resolve) => {
      const { path } = service[name];
      const call = this.#client.makeUnaryRequest(
        path,
        bytes,
        bytes,
        Buffer.from(message),
        metadata,
        { deadline: deadline() },
        (_error, value) => resolve(value?.toString() ?? ""),
      );
      call.on("metadata", (received) => head = String(received.get("x-head")[0] ?? ""));
      call.on("status", (received) => status.resolve(statusOf(received)));
    });
    return { ...await status.promise, head, answer };
  }

  async down(count: number): Promise<GrpcStatus & { messages: string[] }> {
    const call = this.#client.makeServerStreamRequest(
      service.Down.path,
      bytes,
      bytes,
      Buffer.from(String(count)),
      { deadline: deadline() },
    );
    const messages: string[] = [];
    call.on("data", (message: Buffer) => messages.push(message.toString()));
    return { ...await ended(call), messages };
  }

  /** Sends `count` messages of `size` bytes, as fast as they are taken; how many bytes the server counted. */
  async up(count: number, size: number): Promise<GrpcStatus & { answer: string }> {
    let answer = "";
    const call = this.#client.makeClientStreamRequest(
      service.Up.path,
      bytes,
      bytes,
      { deadline: deadline() },
      (_error, value) => answer = value?.toString() ?? "",
    );
    const status = new Promise<GrpcStatus>((resolve) => call.on("status", (each) => resolve(statusOf(each))));
    const message = Buffer.alloc(size, "m");
    for (let index = 0; index < count; index++) {
      if (!call.write(message)) await new Promise((resolve) => call.once("drain", resolve));
    }
    call.end();
    return { ...await status, answer };
  }

  /** Each message is sent once the answer to the one before it has come; `cancel`: then the client gives up. */
  async both(count: number, cancel: boolean): Promise<GrpcStatus & { messages: string[] }> {
    const call = this.#client.makeBidiStreamRequest(service.Both.path, bytes, bytes, {
      deadline: deadline(),
    });
    const status = ended(call);
    const messages: string[] = [];
    let next = Promise.withResolvers<void>();
    call.on("data", (message: Buffer) => {
      messages.push(message.toString());
      next.resolve();
    });
    for (let index = 0; index < count; index++) {
      next = Promise.withResolvers();
      call.write(Buffer.from(`m${index}`));
      await Promise.race([next.promise, status]);
    }
    if (cancel) call.cancel();
    else call.end();
    return { ...await status, messages };
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function ended(
  call: grpc.ClientReadableStream<Buffer> | grpc.ClientDuplexStream<Buffer, Buffer>,
): Promise<GrpcStatus> {
  // What it says with the status is all there is to say.
  call.on("error", () => {});
  return new Promise((resolve) => call.on("status", (status) => resolve(statusOf(status))));
}

function statusOf({ code, details, metadata }: grpc.StatusObject): GrpcStatus {
  const trailers: Record<string, string> = {};
  for (const name of Object.keys(metadata.getMap())) {
    // A call that fails at once has its status in the place of a head.
    if (name === "content-type" || name === "date") continue;
    const value = metadata.get(name)[0] ?? "";
    trailers[name] = typeof value === "string" ? value : value.toString("hex");
  }
  return { code, details, trailers };
}

/** A call that takes longer has hung. */
function deadline(): number {
  return Date.now() + 10_000;
}
