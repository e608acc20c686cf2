// The writer of the log: in order, whole, and quiet after the reader has gone.

import assert from "node:assert/strict";
import { LogOutput } from "../../lib/cli/log_output.ts";

Deno.test("texts are written whole and in order, one write at a time", async () => {
  const written: number[] = [];
  let busy = false;
  const output = new LogOutput({
    async write(bytes) {
      assert(!busy, "one at a time");
      busy = true;
      await Promise.resolve();
      busy = false;
      // A pipe takes what it has room for.
      const taken = bytes.subarray(0, 3);
      written.push(...taken);
      return taken.length;
    },
  });
  await Promise.all([output.write("one é\n"), output.write("two\n"), output.write("")]);
  assert.equal(new TextDecoder().decode(new Uint8Array(written)), "one é\ntwo\n");
});

Deno.test("when the reader has gone, writing fails and it is said once", async () => {
  let writes = 0;
  const output = new LogOutput({
    write() {
      writes++;
      return Promise.reject(new Deno.errors.BrokenPipe("gone"));
    },
  });
  const results = await Promise.allSettled([output.write("one"), output.write("two")]);
  assert.deepEqual(results.map(({ status }) => status), ["rejected", "rejected"]);
  await output.readerGone;
  assert.equal(writes, 1);
});
