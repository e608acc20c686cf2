// What a row of frames is: what a peer sends, and what the reader must make of it.

import type { Peer } from "../../lib/http/fault.ts";
import { handBytes, type HandFrame } from "./hand_frames.ts";

export interface FrameRowBase {
  name: string;
  rule: string;
  /** Whose frames these are; without it the row is for both. */
  peer?: Peer;
  /** permessage-deflate was agreed on. */
  compression?: true;
  frames: readonly HandFrame[];
}

/** Nothing is wrong. */
export interface GoodRow extends FrameRowBase {
  events: readonly string[];
  /** Where the input ends, when not between messages. */
  inside?: "message" | "frame";
}

export interface FaultRow extends FrameRowBase {
  /** What is said before it. */
  before?: readonly string[];
  /** Code and close code. */
  fault: string;
  /** With which byte of the last frame it must be told. */
  told: number | "last";
}

export type FrameRow = GoodRow | FaultRow;

export function peersOf({ peer }: FrameRowBase): readonly Peer[] {
  return peer === undefined ? ["client", "server"] : [peer];
}

/** After how many bytes of the row the fault must be told. */
export function toldAfter(row: FaultRow, peer: Peer): number {
  const all = handBytes(row.frames, peer).length;
  return row.told === "last" ? all : handBytes(row.frames.slice(0, -1), peer).length + row.told;
}
