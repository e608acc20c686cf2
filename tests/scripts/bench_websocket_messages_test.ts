// scripts/bench_websocket_messages.ts: what comes back is what was sent, or the bench says so.

import assert from "node:assert/strict";
import { constants, deflateRawSync } from "node:zlib";
import { FIN, FrameEcho, RSV1, TEXT } from "../../scripts/bench_websocket_frames.ts";
import { echoFault, makeVariants, type Variant } from "../../scripts/bench_websocket_messages.ts";

const [plain, other] = makeVariants({ size: 64, binary: false, deflate: false });
const [deflated] = makeVariants({ size: 64, binary: false, deflate: true });
assert(plain !== undefined && other !== undefined && deflated !== undefined);

/** An echo of message 0, which is looked at, or of 1, which is not. */
function fault(sent: Variant, payload: Uint8Array, isCompressed: boolean, index = 0): string | null {
  return echoFault({ payload, isCompressed }, sent, index);
}

Deno.test("bench WebSocket messages: sizes, text that is text, frames that hold them", () => {
  for (const size of [1, 64, 1000]) {
    for (const { payload, frame } of makeVariants({ size, binary: false, deflate: false })) {
      assert.equal(payload.length, size);
      assert.match(new TextDecoder("utf-8", { fatal: true }).decode(payload), /^[ -~]+$/);
      const answer = new FrameEcho().answer(frame.slice());
      assert.equal(answer[0], FIN | TEXT);
      assert.deepEqual([...answer.subarray(answer.length - size)], [...payload]);
    }
  }
  assert.notDeepEqual([...plain.payload], [...other.payload]);
  assert.equal((deflated.frame[0] ?? 0) & RSV1, RSV1);
});

Deno.test("bench WebSocket messages: an echo that is not what was sent", () => {
  assert.equal(fault(plain, plain.payload, false), null);
  assert.match(
    fault(plain, plain.payload.subarray(1), false, 1) ?? "",
    /^the echo of message 1 has 63 bytes/,
  );
  assert.match(fault(plain, other.payload, false) ?? "", /^the echo of message 0 has another content$/);
  // Only each few messages are looked at.
  assert.equal(fault(plain, other.payload, false, 1), null);
  assert.match(fault(plain, plain.payload, true, 1) ?? "", /not agreed on/);
});

Deno.test("bench WebSocket messages: a compressed one may come back as it was, compressed anew, or plain", () => {
  const anew = deflateRawSync(deflated.payload, { level: 0, finishFlush: constants.Z_SYNC_FLUSH });
  assert.equal(fault(deflated, deflated.wire, true), null);
  assert.equal(fault(deflated, anew.subarray(0, -4), true), null);
  assert.equal(fault(deflated, deflated.payload, false), null);
  const wrong = deflateRawSync(other.payload.subarray(1), { finishFlush: constants.Z_SYNC_FLUSH });
  assert.match(fault(deflated, wrong.subarray(0, -4), true) ?? "", /63 bytes instead of 64/);
});
