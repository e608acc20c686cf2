// SETTINGS: what a peer's say, checked (RFC 9113, 6.5.2; RFC 8441, 3; RFC 9218, 2.1).
// Invariant: a payload is applied in order, and as a whole or not at all: a fault ends the connection.

import type { Peer, ProtocolFault } from "../http/fault.ts";
import { connectionFault } from "./error_codes.ts";
import {
  DEFAULT_WINDOW_SIZE,
  MAX_FRAME_SIZE,
  MAX_WINDOW_SIZE,
  MIN_FRAME_SIZE,
  readUint32,
  SETTING,
} from "./frame_types.ts";

export interface PeerSettings {
  /**
   * Each SETTINGS_HEADER_TABLE_SIZE of the last SETTINGS, in order, bytes: the smallest on the way has a meaning of its own
   * (RFC 7541, 4.2).
   */
  headerTableSizes: readonly number[];
  /** RFC 9113, 6.5.2: a client that does not say otherwise takes pushes. */
  enablePush: boolean;
  /** Infinity until the peer says. */
  maxConcurrentStreams: number;
  initialWindowSize: number;
  maxFrameSize: number;
  enableConnectProtocol: boolean;
}

export function initialSettings(): PeerSettings {
  return {
    headerTableSizes: [],
    enablePush: true,
    maxConcurrentStreams: Infinity,
    initialWindowSize: DEFAULT_WINDOW_SIZE,
    maxFrameSize: MIN_FRAME_SIZE,
    enableConnectProtocol: false,
  };
}

/** What `payload` (a multiple of six bytes) makes of `before`; that object is not changed. */
export function readSettings(
  payload: Uint8Array,
  before: Readonly<PeerSettings>,
  peer: Peer,
): PeerSettings | ProtocolFault {
  const settings: PeerSettings = { ...before, headerTableSizes: [] };
  for (let at = 0; at + 6 <= payload.length; at += 6) {
    const id = ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0);
    const value = readUint32(payload, at + 2);
    switch (id) {
      case SETTING.HEADER_TABLE_SIZE:
        settings.headerTableSizes = [...settings.headerTableSizes, value];
        break;
      case SETTING.ENABLE_PUSH:
        if (value > 1) return bad(peer, "SETTINGS_ENABLE_PUSH", value);
        if (value === 1 && peer === "server") {
          return bad(peer, "SETTINGS_ENABLE_PUSH from a server", value);
        }
        settings.enablePush = value === 1;
        break;
      case SETTING.MAX_CONCURRENT_STREAMS:
        settings.maxConcurrentStreams = value;
        break;
      case SETTING.INITIAL_WINDOW_SIZE:
        if (value > MAX_WINDOW_SIZE) {
          const message = `SETTINGS_INITIAL_WINDOW_SIZE of ${value} is above the largest window`;
          return connectionFault(peer, "FLOW_CONTROL_ERROR", message, "RFC 9113, 6.5.2");
        }
        settings.initialWindowSize = value;
        break;
      case SETTING.MAX_FRAME_SIZE:
        if (value < MIN_FRAME_SIZE || value > MAX_FRAME_SIZE) {
          return bad(peer, "SETTINGS_MAX_FRAME_SIZE", value);
        }
        settings.maxFrameSize = value;
        break;
      case SETTING.ENABLE_CONNECT_PROTOCOL:
        // RFC 8441, 3: not taken back once offered.
        if (value > 1 || (value === 0 && settings.enableConnectProtocol)) {
          return bad(peer, "SETTINGS_ENABLE_CONNECT_PROTOCOL", value, "RFC 8441, 3");
        }
        settings.enableConnectProtocol = value === 1;
        break;
      case SETTING.NO_RFC7540_PRIORITIES:
        if (value > 1) return bad(peer, "SETTINGS_NO_RFC7540_PRIORITIES", value, "RFC 9218, 2.1");
        break;
      default:
        // RFC 9113, 6.5.2: unknown ones are ignored; the size of header lists we learn by what is refused.
    }
  }
  return settings;
}

function bad(peer: Peer, name: string, value: number, rule = "RFC 9113, 6.5.2"): ProtocolFault {
  return connectionFault(peer, "PROTOCOL_ERROR", `${name} may not be ${value}`, rule);
}
