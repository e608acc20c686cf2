// Fuzzes the HTTP/1 codec: mutates the rows of its tests for a bounded time and holds it to its promises. Nothing a
// peer sends throws; the same bytes give the same events however they are cut; what is forwarded reads, strictly,
// as what was read; what is held is bounded. `deno task fuzz [SECONDS] [SEED]`; the seed is printed and repeats a run.

import assert from "node:assert/strict";
import process from "node:process";
import { latin1Encode } from "../lib/bytes/latin1.ts";
import { defaultHttp1Limits, type Http1Limits, type Http1Options } from "../lib/http1/limits.ts";
import { Http1Server } from "../lib/http1/server.ts";
import { clientAfter } from "../tests/http1/drive.ts";
import { forwardRequests, forwardResponses } from "../tests/http1/forwarding.ts";
import { bodyAttackRows } from "../tests/http1/chunked_attack_rows.ts";
import { attackRows } from "../tests/http1/request_attack_rows.ts";
import { requestRows } from "../tests/http1/request_rows.ts";
import { responseRows } from "../tests/http1/response_rows.ts";
import { cutAt } from "../tests/kit/cuts.ts";

const DEFAULT_SECONDS = 30;
/** Bytes that are tried in place of others: what the codec looks for, and the edges of the byte classes. */
const TELLING_BYTES = "\0\t\n\r\x0b\x0c\x1f !,:;0159AFaf-+\x7f\x80\x85\xa0\xff";
/** A mutated input is not grown beyond this: time goes into many inputs, not into long ones. */
const LONGEST_INPUT = 4096;
/** How much is pushed at a connection that nobody empties. */
const FLOOD = 300 * 1024;

const requests = [...requestRows, ...attackRows, ...bodyAttackRows].map((row) => row.bytes);
const responses = responseRows.map((row) => row.bytes);

interface Attempt {
  role: "server" | "client";
  method: string;
  protocol: string | null;
  options: Http1Options;
  text: string;
  cuts: number[];
}

function main(): number {
  const [secondsText = String(DEFAULT_SECONDS), seedText = String(Date.now() % 2 ** 32)] = process.argv.slice(
    2,
  );
  const seconds = Number(secondsText);
  const seed = Number(seedText);
  if (!(seconds > 0) || !Number.isInteger(seed)) {
    console.error("fuzz: wants a number of seconds and a whole number as seed");
    return 2;
  }
  console.log(`fuzz: seed ${seed}, ${seconds} s`);
  const random = new Random(seed);
  const end = performance.now() + seconds * 1000;
  let count = 0;
  for (; performance.now() < end; count++) {
    const attempt = newAttempt(random);
    try {
      run(attempt);
    } catch (error) {
      console.error(`fuzz: failed after ${count} inputs, seed ${seed}`);
      console.error(JSON.stringify(attempt));
      console.error(error);
      return 1;
    }
  }
  console.log(`fuzz: ${count} inputs, nothing found`);
  return 0;
}

function newAttempt(random: Random): Attempt {
  const role = random.below(2) === 0 ? "server" : "client";
  const rows = role === "server" ? requests : responses;
  const limits: Partial<Http1Limits> = random.below(3) === 0
    ? {
      startLine: 60,
      headSize: 200,
      fields: 5,
      chunkLine: 12,
      trailersSize: 40,
      trailerFields: 2,
      emptyLines: 2,
    }
    : {};
  const text = mutate(random, rows);
  return {
    role,
    method: random.of(["GET", "GET", "HEAD", "POST"]),
    protocol: random.of([null, "x"]),
    options: {
      lenient: random.below(2) === 0,
      hopByHop: random.of(["keep", "own"]),
      limits: { ...limits, interimResponses: 3 },
    },
    text,
    cuts: Array.from({ length: random.below(8) }, () => random.below(text.length + 1)),
  };
}

function mutate(random: Random, rows: readonly string[]): string {
  let text = random.of(rows);
  for (let change = random.below(5); change > 0; change--) {
    const at = random.below(text.length + 1);
    const length = random.below(random.below(4) === 0 ? 60 : 4);
    const removed = text.slice(0, at) + text.slice(at + length);
    const piece = text.slice(at, at + length);
    const other = random.of(rows);
    const from = random.below(other.length + 1);
    switch (random.below(6)) {
      case 0:
        text = removed;
        break;
      case 1:
        text = removed.slice(0, at) + random.of([...TELLING_BYTES]) + removed.slice(at);
        break;
      case 2:
        text = text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
        break;
      case 3:
        text = text.slice(0, at) + piece.repeat(1 + random.below(30)) + text.slice(at);
        break;
      case 4:
        text = text.slice(0, at) + other.slice(from, from + random.below(80)) + text.slice(at);
        break;
      default:
        text += other;
    }
    text = text.slice(0, LONGEST_INPUT);
  }
  return text;
}

function run(attempt: Attempt): void {
  const bytes = latin1Encode(attempt.text);
  const forward = (pieces: Uint8Array[]): string[] =>
    attempt.role === "server"
      ? forwardRequests(pieces, attempt.options)
      : forwardResponses(attempt.method, attempt.protocol, pieces, attempt.options);
  const whole = forward([bytes.slice()]);
  assert.deepEqual(forward(cutAt(bytes, attempt.cuts)), whole);
  if (bytes.length < 200) assert.deepEqual(forward(Array.from(bytes, (byte) => Uint8Array.of(byte))), whole);
  if (bytes.length > 0 && attempt.cuts.length === 7) flood(attempt, bytes);
}

/** Pushes the same bytes again and again at a connection that nobody answers or empties. */
function flood(attempt: Attempt, bytes: Uint8Array): void {
  const connection = attempt.role === "server"
    ? new Http1Server(attempt.options)
    : clientAfter(attempt.method, attempt.options, { protocol: attempt.protocol });
  const bound = Math.max(defaultHttp1Limits.headSize, defaultHttp1Limits.heldInput) + bytes.length;
  let outstanding = 0;
  for (let pushed = 0; pushed < FLOOD && connection.wantsRead; pushed += bytes.length) {
    connection.receive(bytes.slice());
    for (let event = connection.next(); event !== null; event = connection.next()) {
      if (event.kind === "data") outstanding += event.credit;
    }
    assert.ok(connection.held <= bound, `${connection.held} bytes are held`);
    assert.ok(
      outstanding <= defaultHttp1Limits.bodyWindow + bytes.length,
      `${outstanding} bytes of credit are out`,
    );
  }
}

/** Mulberry32: small, and the same everywhere. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to `limit` - 1; 0 when `limit` is 0. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  of<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }
}

process.exitCode = main();
