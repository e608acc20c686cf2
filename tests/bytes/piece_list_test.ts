// Bytes collected piece by piece.

import assert from "node:assert/strict";
import fc from "fast-check";
import { PieceList } from "../../lib/bytes/piece_list.ts";

Deno.test("piece list: what comes out is what went in, whatever the pieces", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 600 })), (pieces) => {
      const list = new PieceList();
      const all = pieces.flatMap((piece) => [...piece]);
      for (const piece of pieces) {
        const lent = piece.slice();
        list.append(lent);
        lent.fill(0);
      }
      assert.equal(list.length, all.length);
      assert.deepEqual([...list.bytes()], all);
    }),
  );
});
