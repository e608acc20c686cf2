// A peer that says exactly the bytes of a case, right or wrong ones, in either role, and what it gets for them: in the
// manner of the Autobahn test suite, whose families of cases stand in websocket_fuzz_*.ts.
// Invariant: independent of lib/websocket; a case that gets no end rejects.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type net from "node:net";
import { latin1Decode, latin1Encode } from "../../lib/bytes/latin1.ts";
import { DeflatePeer } from "../kit/websocket_deflate.ts";
import { Framer, joined, KEY, OP, type ReadFrame, readFrames, RSV1 } from "../kit/websocket_frames.ts";

/** How long a case may take, in milliseconds. */
const LIMIT = 10_000;

export type Role = "client" | "server";

export interface FuzzCase {
  /** The number of its like in the suite, where there is one, and what it is. */
  name: string;
  /** What is sent: written one by one. `squeeze`: the payload of a compressed message. */
  send: (frames: Framer, squeeze: Squeeze) => Uint8Array[] | Promise<Uint8Array[]>;
  /** Everything in pieces of that many bytes instead. */
  chop?: number;
  /** What comes of messages: see `wordsFor`. */
  data?: string[];
  /** Payloads of PONGs. */
  pongs?: string[];
  /**
   * The code of the Close frame that comes: because of what was sent, and then the end. Left out: everything was right,
   * and after all that must come the fuzzer closes with 1000.
   */
  code?: number;
  /** There is a Close frame among what is sent, one that is right or one that is not. */
  closes?: "well" | "badly";
  /** What is agreed on about permessage-deflate. */
  deflate?: Deflate;
  /** What a client offers, where it is not just that. */
  offer?: string;
  /** False: not what ws does; only mitm is held to it. Said in the name. */
  direct?: false;
}

/** `text` is byte-true. */
export type Squeeze = (text: string) => Promise<Uint8Array>;

/** RFC 7692, 7.1 */
export interface Deflate {
  client: DeflateDirection;
  server: DeflateDirection;
}

export interface DeflateDirection {
  /** Left out: not a word about it, and 15. */
  bits?: number;
  /** No context is taken over. */
  forgets?: true;
}

export interface Outcome {
  data: string[];
  pongs: string[];
  /** Code of the Close frame; 1005 for one without, null for none. */
  code: number | null;
  /** "ended" after the Close frame, or the code of an error. */
  end: string;
}

/** What must come of a case. */
export function expected({ data = [], pongs = [], code = 1000 }: FuzzCase): Outcome {
  return { data, pongs, code, end: "ended" };
}

/** Whether the fuzzer breaks a rule in it. */
export const isFault = ({ code, closes }: FuzzCase): boolean => code !== undefined && closes !== "well";

/** A whole message in words: `text "Hello"`, and a long one by its length and hash. */
export function wordsFor(type: string, content: string | Uint8Array): string {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  if (bytes.length <= 64) return `${type} ${JSON.stringify(latin1Decode(bytes))}`;
  return `${type} of ${bytes.length} ${createHash("sha256").update(bytes).digest("hex")}`;
}

/** One direction of permessage-deflate, by zlib. */
class Window implements Disposable {
  readonly #direction: DeflateDirection;
  #peer: DeflatePeer | null = null;

  constructor(direction: DeflateDirection) {
    this.#direction = direction;
  }

  /** For the next message. */
  get peer(): DeflatePeer {
    if (this.#direction.forgets) this[Symbol.dispose]();
    return this.#peer ??= new DeflatePeer(this.#direction.bits);
  }

  [Symbol.dispose](): void {
    this.#peer?.[Symbol.dispose]();
    this.#peer = null;
  }
}

interface Message {
  type: string;
  compressed: boolean;
  payload: Uint8Array;
}

export class Fuzzer {
  readonly #socket: net.Socket;
  readonly #role: Role;
  readonly #case: FuzzCase;
  #rest: Uint8Array = new Uint8Array(0);
  /** Of the message that is coming in fragments. */
  #parts: ReadFrame[] = [];
  readonly #messages: Message[] = [];
  readonly #pongs: string[] = [];
  #code: number | null = null;
  #end = "";
  readonly #faults: string[] = [];
  #changed = Promise.withResolvers<void>();

  /** On a socket on which the handshake is over. */
  constructor(socket: net.Socket, role: Role, fuzzCase: FuzzCase) {
    this.#socket = socket;
    this.#role = role;
    this.#case = fuzzCase;
    const over = (end: string) => {
      if (this.#end === "") this.#end = end;
      this.#note();
    };
    socket.on("data", (chunk: Uint8Array) => this.#receive(chunk));
    socket.on("end", () => over("ended"));
    socket.on("error", (error: NodeJS.ErrnoException) => over(error.code ?? error.message));
    socket.on("close", () => over("closed"));
    socket.resume();
  }

  /** Plays the case to its end. */
  async play(): Promise<Outcome> {
    const frames = new Framer(this.#role === "client" ? KEY : null);
    const { send, code, closes, deflate } = this.#case;
    const { data, pongs } = expected(this.#case);
    using own = new Window(deflate?.[this.#role] ?? {});
    await this.#sendAll(await send(frames, (text) => own.peer.compress(text)));
    if (code === undefined) {
      const isThere = () => this.#messages.length >= data.length && this.#pongs.length >= pongs.length;
      await this.#until(() => isThere() || this.#code !== null);
      await this.#write(frames.close(1000));
    }
    await this.#until(() => this.#code !== null);
    // RFC 6455, 5.5.1 and 7.1.1: a Close frame is answered; the server ends the connection.
    if (code !== undefined && closes === undefined && this.#end === "") await this.#write(frames.close(1000));
    if (this.#role === "server") this.#socket.end();
    await this.#until(() => this.#end !== "");
    this.#socket.destroy();
    assert.deepEqual(this.#faults, []);
    return { data: await this.#words(), pongs: this.#pongs, code: this.#code, end: this.#end };
  }

  async #words(): Promise<string[]> {
    const { deflate } = this.#case;
    using other = new Window(deflate?.[this.#role === "client" ? "server" : "client"] ?? {});
    const words: string[] = [];
    for (const { type, compressed, payload } of this.#messages) {
      if (!compressed) words.push(wordsFor(type, payload));
      else words.push(wordsFor(`compressed ${type}`, latin1Encode(await other.peer.decompress(payload))));
    }
    return words;
  }

  async #sendAll(pieces: readonly Uint8Array[]): Promise<void> {
    const { chop } = this.#case;
    const bytes = chop === undefined ? null : joined(pieces);
    const chunks = bytes === null || chop === undefined
      ? pieces
      : Array.from({ length: Math.ceil(bytes.length / chop) }, (_, at) =>
        bytes.subarray(at * chop, (at + 1) * chop));
    for (const chunk of chunks) await this.#write(chunk);
  }

  /** Resolves too when nothing more comes. */
  async #until(isThere: () => boolean): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      this.#socket.destroy();
      const seen = { data: this.#messages.length, pongs: this.#pongs, code: this.#code };
      late.reject(new Error(`${this.#case.name} hung; seen: ${JSON.stringify(seen)}`));
    }, LIMIT);
    try {
      while (!isThere() && this.#end === "") await Promise.race([this.#changed.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves when it is on its way: the next one is a segment of its own, if the system likes. */
  #write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      // A peer that has had enough may be gone: the outcome says so.
      if (this.#socket.destroyed || this.#socket.writableEnded) return resolve();
      this.#socket.write(bytes, () => resolve());
    });
  }

  #note(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #receive(chunk: Uint8Array): void {
    const { frames, rest } = readFrames(this.#rest.length === 0 ? chunk : joined([this.#rest, chunk]));
    this.#rest = rest.slice();
    for (const frame of frames) this.#take(frame);
    this.#note();
  }

  /** What comes must be right, whatever was sent. */
  #take(frame: ReadFrame): void {
    const { opcode, more, reserved, key, payload } = frame;
    const isControl = opcode >= OP.close;
    const isFirst = this.#parts.length === 0;
    if ((key === null) !== (this.#role === "client")) this.#faults.push("the mask is not right");
    if (this.#code !== null) this.#faults.push(`opcode ${opcode} after the Close frame`);
    if (isControl && (more || payload.length > 125)) {
      this.#faults.push("a control frame that is not small and whole");
    }
    if (!isControl && (opcode === OP.continuation) === isFirst) this.#faults.push("fragments out of order");
    const mayCompress = this.#case.deflate !== undefined && !isControl && isFirst;
    if (reserved !== 0 && !(mayCompress && reserved === RSV1)) this.#faults.push(`reserved bits ${reserved}`);
    if (opcode === OP.pong) this.#pongs.push(latin1Decode(payload));
    else if (opcode === OP.close) {
      this.#code = payload.length === 0 ? 1005 : ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
    } else if (opcode === OP.text || opcode === OP.binary || opcode === OP.continuation) {
      this.#parts.push(frame);
      if (!more) this.#message();
    } else this.#faults.push(`opcode ${opcode}`);
  }

  #message(): void {
    const payload = joined(this.#parts.map(({ payload }) => payload));
    const { opcode, reserved } = this.#parts[0]!;
    this.#parts = [];
    this.#messages.push({
      type: opcode === OP.text ? "text" : "binary",
      compressed: reserved === RSV1,
      payload,
    });
  }
}
