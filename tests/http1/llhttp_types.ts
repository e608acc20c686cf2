// The part of Node's undocumented parser binding that the tests use.

import type { Buffer } from "node:buffer";

interface ParseError {
  code?: string;
  bytesParsed?: number;
}

export declare class HTTPParser {
  static readonly REQUEST: number;
  static readonly RESPONSE: number;
  static readonly kOnHeaders: number;
  static readonly kOnHeadersComplete: number;
  static readonly kOnBody: number;
  static readonly kOnMessageComplete: number;
  [callback: number]: unknown;
  initialize(kind: number, resource: object): void;
  /** How many bytes were read, or what is wrong. */
  execute(bytes: Buffer): number | ParseError;
  finish(): number | ParseError | undefined;
  close(): void;
}

export declare const methods: string[];
