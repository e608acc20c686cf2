// One direction of a WebSocket: frames are read, messages decoded and recorded, held for hooks or passed on.
// While a message is held, what comes behind it waits as the bytes it is, without credit, and a second reader goes over
// them, so that PINGs are answered all the same.
// Invariants: what is not held or changed goes out as it came, byte for byte, its mask and fragments included; content is
// checked before it goes out; at most INFLATE_BUDGET bytes are decompressed and FRAMES_BUDGET frames handled in one turn;
// after `stop()` input is dropped.

import { PieceList } from "../bytes/piece_list.ts";
import { BodyCapture } from "../flow/body_capture.ts";
import type { HttpFlow } from "../flow/record.ts";
import type { WebSocketControl, WebSocketMessageControl } from "../hooks/hooks.ts";
import type { DirectionParameters } from "../websocket/extensions.ts";
import type { WebSocketFault } from "../websocket/fault.ts";
import { type DataFrame, type FrameEvent, FrameReader, type Payload } from "../websocket/frame_reader.ts";
import { HEADER_SIZE } from "../websocket/frame_writer.ts";
import { invalidText, MessageDecoder } from "../websocket/message_decoder.ts";
import { OPCODE } from "../websocket/opcodes.ts";
import { now, type ProxyContext } from "./context.ts";
import type { Leg } from "./leg.ts";
import { HELD_MESSAGE_SIZE, MessageUnderWay } from "./websocket_message.ts";
import { WebSocketRewriter } from "./websocket_rewriter.ts";
import type { WebSocketSink } from "./websocket_sink.ts";
import type { WebSocketTap } from "./websocket_tap.ts";

/**
 * Content made of compressed bytes in one turn, in bytes; then the other connections have theirs. 1 MiB takes some ms:
 * 64 KiB of input can be 64 MiB of content.
 */
export const INFLATE_BUDGET = 1024 * 1024;

/**
 * Frames handled in one turn, for the same reason: 64 KiB can be 32,768 of them, and behind a held message as many bytes
 * may wait as the peer's window allows. So many PINGs take about 25 ms, and empty fragments 5 ms.
 */
export const FRAMES_BUDGET = 4096;

export interface DirectionOwner {
  readonly context: ProxyContext;
  readonly flow: HttpFlow;
  readonly tap: WebSocketTap;
  /** What a hook may do at any time. */
  readonly control: WebSocketControl;
  /** A hook holds something until `pending` is done. */
  holding(pending: Promise<void>): Promise<void>;
  /** A PING or PONG has come, whatever is held. */
  pinged(direction: WebSocketDirection, kind: "ping" | "pong", payload: Uint8Array): void;
  /** A Close frame, in order with the messages before it. */
  closeCame(direction: WebSocketDirection, payload: Uint8Array): void;
  /** The peer broke a rule, or met a limit: its direction is stopped. */
  failed(direction: WebSocketDirection, fault: WebSocketFault): void;
  /** The peer sends nothing more. */
  sourceEnded(direction: WebSocketDirection): void;
}

interface DirectionParts {
  fromClient: boolean;
  source: Leg;
  sink: WebSocketSink;
  deflate: DirectionParameters | null;
}

interface Edit {
  content: Uint8Array | null;
  dropped: boolean;
}

export class WebSocketDirection {
  readonly fromClient: boolean;
  readonly source: Leg;
  readonly #owner: DirectionOwner;
  readonly #sink: WebSocketSink;
  readonly #rewriter: WebSocketRewriter;
  readonly #reader: FrameReader;
  readonly #decoder: MessageDecoder;
  #message: MessageUnderWay | null = null;

  // The frame under way.
  #fin = false;
  #maskKey = 0;
  readonly #header = new Uint8Array(HEADER_SIZE);
  /** Bytes of the header that still have to go out. */
  #headerSize = 0;
  #frameLength = 0;
  #isFinishing = false;
  /** Content of this piece that is not compressed anew yet. */
  #toCompress: PieceList | null = null;

  #budget = 0;
  #framesBudget = 0;
  #isPausing = false;
  /** Nothing goes on: how many things are waited for. */
  #blocks = 0;
  /** Has read ahead, for PINGs alone, what waits in `#reader`; null: nothing waits. */
  #scout: FrameReader | null = null;
  #endWaits = false;
  /** Credit of what came while nothing went on. */
  #withheld = 0;
  #isStopped = false;

  constructor(owner: DirectionOwner, { fromClient, source, sink, deflate }: DirectionParts) {
    this.#owner = owner;
    this.fromClient = fromClient;
    this.source = source;
    this.#sink = sink;
    this.#rewriter = new WebSocketRewriter(sink, deflate);
    this.#reader = new FrameReader({ peer: fromClient ? "client" : "server", compression: deflate !== null });
    this.#decoder = new MessageDecoder(deflate);
  }

  /** Bytes of the source, a view; `credit` goes back when they have gone on. */
  receive(data: Uint8Array, credit: number): void {
    this.#withheld += credit;
    if (!this.#isStopped) {
      this.#beginTurn();
      this.#reader.receive(data);
      this.#scout?.receive(data);
      this.#read();
    }
    this.#giveBack();
  }

  receiveEnd(): void {
    if (this.#blocks > 0 && !this.#isStopped) this.#endWaits = true;
    else this.#owner.sourceEnded(this);
  }

  /** Nothing of messages goes on before `pending` is done, and then `next` first, also when it was stopped meanwhile. */
  block(pending: Promise<void>, next: () => void): void {
    this.#blocks++;
    pending.then(() => {
      this.#blocks--;
      this.#owner.context.turns.run(() => {
        this.#beginTurn();
        next();
        this.#read();
        if (this.#blocks === 0) this.#tellEnd();
        this.#giveBack();
      });
    });
  }

  /** What comes from here on, and what waits, means nothing. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#reader.stop();
    this.#scout?.stop();
    this.#message = null;
    this.#tellEnd();
    this.#giveBack();
  }

  #beginTurn(): void {
    this.#budget = INFLATE_BUDGET;
    this.#framesBudget = FRAMES_BUDGET;
  }

  /** Others have their turn first. Not setImmediate: in Deno 2.9 no socket is read while one follows another. */
  #nextTurn(next: () => void): void {
    this.block(new Promise((resolve) => setTimeout(resolve, 0)), next);
  }

  /** So many frames have come at once that others have their turn; PINGs can wait so long. */
  #pause(): void {
    this.#isPausing = true;
    this.#nextTurn(() => this.#isPausing = false);
  }

  /** Reads what there is until something is waited for, and from there on for PINGs alone. */
  #read(): void {
    while (this.#blocks === 0) {
      const event = this.#reader.next();
      if (event === null) {
        this.#scout = null;
        return;
      }
      if (event.kind !== "payload" && --this.#framesBudget === 0) this.#pause();
      if (event.kind !== "ping" && event.kind !== "pong") this.#handle(event);
      else if (this.#scout === null) this.#owner.pinged(this, event.kind, event.payload);
    }
    const scout = this.#scout ??= this.#isPausing ? null : this.#reader.fork();
    // What waits outlives the read buffer.
    this.#reader.settle();
    if (scout === null) return;
    for (let event = scout.next(); event !== null; event = scout.next()) {
      if (event.kind === "ping" || event.kind === "pong") {
        this.#owner.pinged(this, event.kind, event.payload);
      }
    }
  }

  #tellEnd(): void {
    if (!this.#endWaits) return;
    this.#endWaits = false;
    this.#owner.sourceEnded(this);
  }

  #giveBack(): void {
    if (this.#blocks > 0 && !this.#isStopped) return;
    const credit = this.#withheld;
    this.#withheld = 0;
    // A held message must come in to be complete.
    if (this.#isStopped || this.#message?.passing === "held") this.source.consume(credit);
    else this.source.passed(credit, this.#sink.leg);
  }

  // --- Messages ---

  #handle(event: Exclude<FrameEvent, { kind: "ping" | "pong" }>): void {
    switch (event.kind) {
      case "frame":
        return this.#frame(event);
      case "payload":
        return this.#payload(event);
      case "close":
        return this.#owner.closeCame(this, event.payload);
      case "fault":
        return this.#fail(event.fault);
    }
  }

  #frame(frame: DataFrame): void {
    if (frame.opcode !== OPCODE.continuation) this.#begin(frame);
    const message = this.#message;
    if (message === null) return;
    message.record.frames++;
    this.#fin = frame.fin;
    this.#maskKey = frame.maskKey;
    this.#frameLength = frame.length;
    if (message.passing !== "as-came") return;
    // It goes out with the first of its payload, once that has been checked.
    this.#header.set(frame.header);
    this.#headerSize = frame.header.length;
  }

  #begin({ opcode, compressed }: DataFrame): void {
    const type = opcode === OPCODE.text ? "text" : "binary";
    const { context, flow, tap } = this.#owner;
    const record = tap.begin({ fromClient: this.fromClient, type, compressed });
    // It has been closed meanwhile, by a hook perhaps: nothing more goes there.
    if (this.#sink.isClosing) record.dropped = true;
    const isHeld = context.hooks.wantsMessage(flow, record);
    const passing = isHeld ? "held" : compressed && this.#rewriter.hasDiverged ? "recompressed" : "as-came";
    this.#message = new MessageUnderWay(record, type, passing);
    this.#isFinishing = false;
    this.#decoder.begin(type, compressed);
  }

  #payload(piece: Payload): void {
    const message = this.#message;
    if (message === null) return;
    const unmasked = this.#decoder.push(piece.data, this.#maskKey, piece.offset);
    if (message.passing === "held" && message.isCompressed && !message.holdCompressed(unmasked)) {
      return this.#fail(tooLarge(HELD_MESSAGE_SIZE, "limit: held WebSocket message"));
    }
    this.#decode(message, piece);
  }

  /** Decodes all of the piece that was pushed, in this turn or in several, and passes it on. */
  #decode(message: MessageUnderWay, piece: Payload): void {
    const decoder = this.#decoder;
    for (;;) {
      const content = decoder.pull();
      if (content === null) {
        if (!piece.last || !this.#fin || this.#isFinishing) break;
        this.#isFinishing = true;
        decoder.finish();
      } else if (!(content instanceof Uint8Array)) return this.#fail(content);
      else {
        this.#content(message, content);
        if (this.#isStopped) return;
        this.#budget -= content.length;
        if (this.#budget <= 0 && message.isCompressed) return this.#goOnLater(message, piece);
      }
    }
    if (this.#isFinishing) {
      decoder.end();
      this.#checkText(message);
      if (this.#isStopped) return;
    }
    this.#passPiece(message, piece);
  }

  /** So much is made of so few bytes that others have their turn first. */
  #goOnLater(message: MessageUnderWay, piece: Payload): void {
    this.#decoder.settle();
    const kept = { ...piece, data: piece.data.slice() };
    this.#nextTurn(() => {
      if (!this.#isStopped) this.#decode(message, kept);
    });
  }

  #content(message: MessageUnderWay, content: Uint8Array): void {
    const { context, tap } = this.#owner;
    tap.append(message.record, content);
    message.length += content.length;
    const { bodySizeLimit } = context.settings;
    if (bodySizeLimit !== null && message.length > bodySizeLimit) {
      return this.#fail(tooLarge(bodySizeLimit, "limit: --body-size-limit"));
    }
    this.#checkText(message);
    if (this.#isStopped) return;
    if (message.passing === "held" && !message.hold(content)) {
      return this.#fail(tooLarge(HELD_MESSAGE_SIZE, "limit: held WebSocket message"));
    }
    if (message.passing !== "recompressed") return;
    if (this.#toCompress !== null && this.#toCompress.length >= INFLATE_BUDGET / 4) {
      this.#rewriter.compressed(message, this.#toCompress.bytes(), false);
      this.#toCompress = null;
    }
    (this.#toCompress ??= new PieceList()).append(content);
  }

  /** RFC 6455, 8.1 */
  #checkText({ record }: MessageUnderWay): void {
    if (!this.#decoder.isInvalidText || record.invalidText) return;
    record.invalidText = true;
    if (!this.#owner.context.settings.lenient) this.#fail(invalidText());
  }

  /** The piece has been looked at. */
  #passPiece(message: MessageUnderWay, piece: Payload): void {
    switch (message.passing) {
      case "as-came":
        if (this.#headerSize > 0) {
          this.#sink.passHeader(this.#header.subarray(0, this.#headerSize), this.#frameLength, this.#fin);
          this.#headerSize = 0;
        }
        this.#sink.passPayload(piece.data);
        break;
      case "recompressed": {
        const content = this.#toCompress?.bytes() ?? new Uint8Array(0);
        this.#toCompress = null;
        if (content.length > 0 || piece.last) {
          this.#rewriter.compressed(message, content, piece.last && this.#fin);
        }
        break;
      }
      case "held":
        if (piece.last) message.holdFrameEnd();
    }
    if (piece.last && this.#fin) this.#messageOver(message);
  }

  #messageOver(message: MessageUnderWay): void {
    const { context, flow } = this.#owner;
    const { record } = message;
    record.endedAt = now();
    if (message.passing === "held") return this.#show(message);
    this.#message = null;
    // What has gone out already cannot be held: the hook is told.
    const told = context.hooks.has("websocketMessage")
      ? context.hooks.run("websocketMessage", flow, record, this.#control(null))
      : null;
    if (told !== null) this.block(this.#owner.holding(told), () => {});
  }

  /** A held message is complete: hooks see it whole. */
  #show(message: MessageUnderWay): void {
    const { context, flow } = this.#owner;
    const { record } = message;
    const content = message.heldContent();
    const capture = record.body;
    record.body = new BodyCapture(content.length);
    record.body.replace(content);
    const edit: Edit = { content: null, dropped: false };
    const pending = context.hooks.run("websocketMessage", flow, record, this.#control(edit));
    const settle = () => {
      this.#message = null;
      // The connection may have failed meanwhile: then nothing was done with it.
      const done = this.#isStopped ? { content: null, dropped: false } : edit;
      this.#owner.tap.settle(record, capture, done.dropped ? null : done.content);
      if (!this.#isStopped) this.#passHeld(message, content, edit);
    };
    if (pending === null) settle();
    else this.block(this.#owner.holding(pending), settle);
  }

  #passHeld(message: MessageUnderWay, content: Uint8Array, edit: Edit): void {
    const { record, isCompressed } = message;
    if (!edit.dropped && edit.content === null) return this.#rewriter.frames(message, content);
    this.#owner.flow.edited = true;
    if (isCompressed) this.#rewriter.diverge();
    if (edit.dropped) record.dropped = true;
    else if (edit.content !== null) {
      record.edited = true;
      this.#rewriter.whole(message, edit.content);
    }
  }

  #fail(fault: WebSocketFault): void {
    this.#owner.failed(this, fault);
  }

  /** `edit` null: it has gone out already. */
  #control(edit: Edit | null): WebSocketMessageControl {
    const { control } = this.#owner;
    return {
      inject: control.inject,
      close: control.close,
      kill: control.kill,
      replace: (content) => {
        if (edit !== null) edit.content = content.slice();
      },
      drop: () => {
        if (edit !== null) edit.dropped = true;
      },
    };
  }
}

function tooLarge(limit: number, rule: string): WebSocketFault {
  const message = `A message of more than ${limit} bytes`;
  return { closeCode: 1009, code: "message-too-large", message, rule };
}
