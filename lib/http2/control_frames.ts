// The frames that carry no message (RFC 9113, 6.3 to 6.9; RFC 9218, 7.1): each is checked here for what can be wrong
// with it, and acted on. The middle layer of an HTTP/2 connection, between stream_layer.ts and connection.ts.

import { latin1Decode } from "../bytes/latin1.ts";
import { errorName, streamFault } from "./error_codes.ts";
import { FrameReader } from "./frame_reader.ts";
import { FLAG, FRAME, FRAME_HEAD_SIZE, MAX_WINDOW_SIZE, readUint32 } from "./frame_types.ts";
import type { Http2Options } from "./limits.ts";
import { type PeerSettings, readSettings } from "./settings.ts";
import { isClosed } from "./stream_states.ts";
import { type Role, StreamLayer } from "./stream_layer.ts";

export abstract class ControlFrames extends StreamLayer {
  /** Each method here is about the frame it has just read. */
  protected readonly reader: FrameReader;
  /** RFC 9218, 7.1: of streams that are still to be opened. */
  readonly #idlePriorities = new Map<number, string>();

  constructor(role: Role, options: Http2Options) {
    super(role, options);
    this.reader = new FrameReader(this.limits.frameSize);
  }

  protected abstract readGoaway(lastStream: number, code: number): void;
  protected abstract settingsChanged(before: Readonly<PeerSettings>): void;
  /** The oldest of our SETTINGS that was not acknowledged is now in force. */
  protected settingsAcknowledged(): void {}

  protected dropInput(): void {
    this.reader.input.skip(this.reader.input.length);
  }

  protected readRstStream(): void {
    const { stream: id, length, bytes } = this.reader;
    if (id === 0) return this.protocolError("RST_STREAM on stream 0", "RFC 9113, 6.4");
    if (length !== 4) {
      return this.error("FRAME_SIZE_ERROR", "RST_STREAM is not 4 bytes long", "RFC 9113, 6.4");
    }
    const stream = this.streams.get(id);
    if (!this.mayReceive(id, "receive RST_STREAM") || stream === undefined) return void this.overhead();
    const code = readUint32(bytes, 0);
    this.lose(stream, "receive RST_STREAM");
    const message = `The ${this.peer} reset the stream (${errorName(code)})`;
    this.say({
      kind: "reset",
      stream: id,
      fault: {
        ...streamFault(this.peer, "CANCEL", message, "RFC 9113, 6.4"),
        code: errorName(code),
        isReset: true,
      },
    });
    if (this.role === "server") this.connectionError(this.guard.reset());
  }

  protected readWindowUpdate(): void {
    const { stream: id, length, bytes } = this.reader;
    if (length !== 4) {
      return this.error("FRAME_SIZE_ERROR", "WINDOW_UPDATE is not 4 bytes long", "RFC 9113, 6.9");
    }
    if (!this.overhead()) return;
    const increment = readUint32(bytes, 0) & 0x7fff_ffff;
    if (id === 0) {
      if (increment === 0) return this.protocolError("WINDOW_UPDATE by 0", "RFC 9113, 6.9");
      if (this.scheduler.connectionWindowUpdate(increment)) return;
      return this.error("FLOW_CONTROL_ERROR", "The connection's window is too large", "RFC 9113, 6.9.1");
    }
    if (!this.mayReceive(id, "receive WINDOW_UPDATE")) return;
    const stream = this.streams.get(id);
    if (increment === 0) return this.streamError(id, "PROTOCOL_ERROR", "WINDOW_UPDATE by 0", "RFC 9113, 6.9");
    if (stream === undefined || isClosed(stream.state)) return;
    if (this.scheduler.streamWindowUpdate(stream, increment)) return;
    this.streamError(id, "FLOW_CONTROL_ERROR", "The stream's window is too large", "RFC 9113, 6.9.1");
  }

  protected readSettingsFrame(): void {
    const { stream, length, flags, bytes } = this.reader;
    if (stream !== 0) return this.protocolError("SETTINGS on a stream", "RFC 9113, 6.5");
    if (!this.overhead()) return;
    if ((flags & FLAG.ACK) !== 0) {
      if (length > 0) {
        return this.error("FRAME_SIZE_ERROR", "SETTINGS with ACK and a payload", "RFC 9113, 6.5");
      }
      if (this.unacknowledged > 0) {
        this.unacknowledged--;
        this.settingsAcknowledged();
      } else {
        const message = `The ${this.peer} acknowledged SETTINGS it was not sent; ignored`;
        this.note("duplicate-settings-ack", message, "RFC 9113, 6.5.3");
      }
      return;
    }
    if (length % 6 !== 0) {
      return this.error("FRAME_SIZE_ERROR", "SETTINGS is not a multiple of 6 bytes long", "RFC 9113, 6.5");
    }
    if (length / 6 > this.limits.settingsEntries) {
      const message = `More than ${this.limits.settingsEntries} settings in one frame`;
      return this.error("ENHANCE_YOUR_CALM", message, "limit: settings entries");
    }
    const before = this.settings;
    const settings = readSettings(bytes, before, this.peer);
    if ("scope" in settings) return this.connectionError(settings);
    this.settings = settings;
    if (!this.applySettings(before)) return;
    this.writer.settingsAck();
    this.settingsChanged(before);
  }

  protected readPing(): void {
    const { stream, length, flags, bytes } = this.reader;
    if (stream !== 0) return this.protocolError("PING on a stream", "RFC 9113, 6.7");
    if (length !== 8) return this.error("FRAME_SIZE_ERROR", "PING is not 8 bytes long", "RFC 9113, 6.7");
    if (!this.overhead()) return;
    if ((flags & FLAG.ACK) === 0) this.writer.ping(bytes, true);
  }

  protected readGoawayFrame(): void {
    const { stream, length, bytes } = this.reader;
    if (stream !== 0) return this.protocolError("GOAWAY on a stream", "RFC 9113, 6.8");
    if (length < 8) return this.error("FRAME_SIZE_ERROR", "GOAWAY is shorter than 8 bytes", "RFC 9113, 6.8");
    if (!this.overhead()) return;
    this.readGoaway(readUint32(bytes, 0) & 0x7fff_ffff, readUint32(bytes, 4));
  }

  protected readPriority(): void {
    const { stream: id, length, bytes } = this.reader;
    if (id === 0) return this.protocolError("PRIORITY on stream 0", "RFC 9113, 6.3");
    if (!this.overhead()) return;
    const state = this.streams.stateOf(id) ?? "closed";
    // RFC 9113, 6.3: it may come at any time; on a stream that is over it means nothing.
    if (isClosed(state)) return;
    if (length !== 5) {
      const message = "PRIORITY is not 5 bytes long";
      // RFC 9113, 6.4: an idle stream cannot be reset.
      if (state === "idle") {
        return this.error("FRAME_SIZE_ERROR", message, "RFC 9113, 6.3");
      }
      return this.streamError(id, "FRAME_SIZE_ERROR", message, "RFC 9113, 6.3");
    }
    const first = readUint32(bytes, 0);
    const on = first & 0x7fff_ffff;
    if (on === id) return this.selfDependency(id);
    if (!this.forwardsPriority || this.role !== "server") return;
    const weight = (bytes[4] ?? 0) + 1;
    this.say({
      kind: "priority",
      stream: id,
      priority: { kind: "dependency", on, exclusive: first > MAX_WINDOW_SIZE, weight },
    });
  }

  // RFC 7540, 5.3.1
  protected selfDependency(id: number): void {
    const message = "A stream is said to depend on itself";
    if (this.streams.stateOf(id) === "idle" && this.reader.type === FRAME.PRIORITY) {
      return this.protocolError(message, "RFC 7540, 5.3.1");
    }
    this.streamError(id, "PROTOCOL_ERROR", message, "RFC 7540, 5.3.1");
  }

  // RFC 9218, 7.1
  protected readPriorityUpdate(): void {
    const { stream, length, bytes } = this.reader;
    const rule = "RFC 9218, 7.1";
    if (!this.overhead()) return;
    if (this.role === "client") return this.protocolError("PRIORITY_UPDATE from a server", rule);
    if (stream !== 0) return this.protocolError("PRIORITY_UPDATE on a stream", rule);
    if (length < 4) return this.error("FRAME_SIZE_ERROR", "PRIORITY_UPDATE is shorter than 4 bytes", rule);
    const id = readUint32(bytes, 0) & 0x7fff_ffff;
    if (id === 0) return this.protocolError("PRIORITY_UPDATE for stream 0", rule);
    const isIdle = this.streams.stateOf(id) === "idle";
    if (isIdle && !this.streams.isPeers(id)) {
      return this.protocolError(`PRIORITY_UPDATE for stream ${id}, which was not promised`, rule);
    }
    const value = latin1Decode(bytes, 4);
    if (isIdle) this.#prioritizeIdle(id, value);
    else this.#sayPriority(id, value);
  }

  /** What was said of the stream before it was opened. */
  protected openedPrioritized(id: number): void {
    const value = this.#idlePriorities.get(id);
    if (value === undefined) return;
    this.#idlePriorities.delete(id);
    this.#sayPriority(id, value);
  }

  /** RFC 9218, 7.1: no more streams to come than may be open. */
  #prioritizeIdle(id: number, value: string): void {
    // Those that were skipped meanwhile will not come.
    for (const other of this.#idlePriorities.keys()) {
      if (other <= this.streams.lastPeerStream) this.#idlePriorities.delete(other);
    }
    this.#idlePriorities.set(id, value);
    const { concurrentStreams } = this.limits;
    if (this.#idlePriorities.size + this.streams.peerActive <= concurrentStreams) return;
    this.protocolError("PRIORITY_UPDATE for more streams than may be open", "RFC 9218, 7.1");
  }

  #sayPriority(stream: number, value: string): void {
    if (this.forwardsPriority) this.say({ kind: "priority", stream, priority: { kind: "update", value } });
  }

  /** The frame carries nothing: counted. False: it was one too many. */
  protected overhead(): boolean {
    const fault = this.guard.idleFrame(FRAME_HEAD_SIZE + this.reader.length);
    this.connectionError(fault);
    return fault === null;
  }
}
