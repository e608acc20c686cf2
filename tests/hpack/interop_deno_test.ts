// In step with Deno.serve, whose HPACK is that of the Rust crate h2: header lists both ways over one connection, while
// both tables change their size.

import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { legalFields } from "./arbitraries.ts";
import { pairs } from "./blocks.ts";
import { RawHttp2 } from "./raw_http2.ts";
import type { FieldLine } from "./rfc_examples.ts";

const size = fc.oneof(fc.constantFrom(0, 4096), fc.nat(300), fc.nat(4096));

const exchange = fc.record({
  fields: legalFields,
  /** What we say we take. */
  said: fc.option(size, { nil: null }),
  /** What our encoder is to use, of the 4096 there are. */
  used: fc.option(size, { nil: null }),
});

Deno.test("property: Deno.serve gets header lists as they are and its own are decoded, through resizes", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const headers = new Headers(request.headers);
    headers.append("x-url", new URL(request.url).pathname);
    return new Response(null, { headers });
  });
  const { port } = server.addr;
  await fc.assert(
    fc.asyncProperty(fc.array(exchange, { minLength: 1, maxLength: 10 }), async (exchanges) => {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      const raw = new RawHttp2(connection, 4096);
      await raw.sendPreface();
      await raw.sendSettings();
      for (const [index, { fields, said, used }] of exchanges.entries()) {
        if (said !== null) await raw.sendSettings(said);
        if (used !== null) raw.encoder.setTableLimit(used);
        const lines = fields.map(({ line }) => line);
        const never = new Set(fields.filter(({ never }) => never).map(({ line }) => line[0]));
        await raw.sendHeaders(2 * index + 1, [...headOf(index), ...lines], never, true);
        const answered = await answer(raw);
        assert.equal(answered.get(":status"), "200");
        assert.equal(answered.get("x-url"), `/${index}`);
        for (const [name, value] of lines) assert.equal(answered.get(name), value, name);
      }
    }),
    { numRuns: 25, interruptAfterTimeLimit: 20_000 },
  );
  await server.shutdown();
});

function headOf(index: number): FieldLine[] {
  return [[":method", "GET"], [":scheme", "http"], [":path", `/${index}`], [":authority", "localhost"]];
}

async function answer(raw: RawHttp2): Promise<Map<string, string>> {
  const fields = new Map<string, string>();
  for (;;) {
    const event = await raw.next();
    assert.ok(event !== null, "the connection ended");
    if (event.kind === "headers") {
      for (const [name, value] of pairs(event.block.list)) fields.set(name, value);
    } else assert.equal(latin1Decode(event.data), "");
    if (event.end) return fields;
  }
}
