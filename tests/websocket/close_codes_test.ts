// The payload of Close frames, read and made (RFC 6455, 5.5.1 and 7.4).

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CLOSE,
  CLOSE_REASON_SIZE,
  closePayload,
  type CloseReading,
  isCloseCode,
  readClosePayload,
} from "../../lib/websocket/close_codes.ts";
import type { WebSocketFault } from "../../lib/websocket/fault.ts";
import { utf8 } from "./contents.ts";
import { faultLine } from "./drive.ts";
import { closing, fromHex, toHex } from "./hand_frames.ts";
import { invalidCodes, validCodes } from "./order_rows.ts";
import { invalidTexts, textHex, validTexts } from "./utf8_rows.ts";

function text(reading: CloseReading | WebSocketFault): string {
  return "message" in reading ? faultLine(reading) : `${reading.code} ${reading.reason}`;
}

Deno.test("close: which codes an endpoint may send (RFC 6455, 7.4.2)", () => {
  for (const code of validCodes) assert.equal(isCloseCode(code), true, `${code}`);
  for (const code of [...invalidCodes, -1, 65_536, 1e9, 1000.5, 3000.5, NaN, Infinity]) {
    assert.equal(isCloseCode(code), false, `${code}`);
  }
  const allowed = Array.from({ length: 65_536 }, (_, code) => code).filter(isCloseCode);
  // 1000 to 1003, 1007 to 1014, and what libraries and applications may give a meaning.
  assert.equal(allowed.length, 4 + 8 + 2000);
});

Deno.test("close: a frame without payload has no code (RFC 6455, 7.1.5)", () => {
  assert.deepEqual(readClosePayload(new Uint8Array(0)), { code: CLOSE.noStatus, reason: "" });
  assert.equal(closePayload(CLOSE.noStatus, "").length, 0);
  assert.equal(closePayload(CLOSE.noStatus, "a reason without a code").length, 0);
});

Deno.test("close: half a code is none, lenient or not (RFC 6455, 5.5.1)", () => {
  for (const lenient of [true, false]) {
    for (const byte of [0, 3, 255]) {
      assert.equal(text(readClosePayload(Uint8Array.of(byte), lenient)), "fault bad-close 1002");
    }
  }
});

Deno.test("close: codes that may not be sent, lenient or not (RFC 6455, 7.4.1)", () => {
  for (const code of invalidCodes) {
    for (const lenient of [true, false]) {
      assert.equal(text(readClosePayload(closing(code, "x"), lenient)), "fault bad-close-code 1002");
    }
    if (code !== CLOSE.noStatus) assert.throws(() => closePayload(code, "x"), RangeError, `${code}`);
  }
  for (const code of [CLOSE.abnormal, 1004, 1015, 65_536 + 1000, -1, NaN]) {
    assert.throws(() => closePayload(code, ""), RangeError);
  }
});

Deno.test("close: a reason is UTF-8, and lenient it is read as far as it goes (RFC 6455, 5.5.1)", () => {
  for (const row of validTexts) {
    const reason = fromHex(textHex(row));
    const expected = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true }).decode(reason);
    for (const lenient of [true, false]) {
      assert.deepEqual(readClosePayload(closing(4000, reason), lenient), { code: 4000, reason: expected });
    }
  }
  for (const row of invalidTexts) {
    const payload = closing(1000, fromHex(textHex(row)));
    assert.equal(text(readClosePayload(payload)), "fault invalid-utf8 1007");
    const lenient = readClosePayload(payload, true);
    assert.ok("reason" in lenient && lenient.code === 1000 && lenient.reason.includes("\ufffd"));
  }
  assert.deepEqual(readClosePayload(closing(1000, "a\xffb"), true), { code: 1000, reason: "a\ufffdb" });
});

Deno.test("close: payloads that are made", () => {
  assert.equal(toHex(closePayload(1000, "")), "03e8");
  assert.equal(toHex(closePayload(1001, "bye")), "03e9627965");
  assert.equal(toHex(closePayload(4999, "ä")), "1387c3a4");
  assert.deepEqual(closePayload(3000, "*".repeat(CLOSE_REASON_SIZE)), closing(3000, "*".repeat(123)));
});

Deno.test("close: a reason that is too long is cut between characters (RFC 6455, 5.5)", () => {
  assert.deepEqual(closePayload(1000, "*".repeat(1000)), closing(1000, "*".repeat(123)));
  for (const character of ["ä", "€", "🙂"]) {
    const size = utf8(character).length;
    for (let before = 0; before <= size; before++) {
      const payload = closePayload(1000, "-".repeat(before) + character.repeat(124));
      const count = Math.floor((CLOSE_REASON_SIZE - before) / size);
      assert.deepEqual(readClosePayload(payload), {
        code: 1000,
        reason: "-".repeat(before) + character.repeat(count),
      });
    }
  }
});

Deno.test("property: close payloads are read as they were made", () => {
  const code = fc.constantFrom(...validCodes, CLOSE.noStatus);
  fc.assert(
    fc.property(code, fc.string({ unit: "binary", maxLength: 200, size: "max" }), (code, reason) => {
      const payload = closePayload(code, reason);
      assert.ok(payload.length <= 125);
      const reading = readClosePayload(payload);
      assert.ok("reason" in reading && reading.code === code);
      assert.ok(reason.startsWith(reading.reason));
      if (code !== CLOSE.noStatus && utf8(reason).length <= CLOSE_REASON_SIZE) {
        assert.equal(reading.reason, reason);
      }
      // No more is cut than must be.
      if (code !== CLOSE.noStatus && reading.reason !== reason) assert.ok(payload.length > 125 - 4);
    }),
    { numRuns: 200 },
  );
});
