// In step with Node's nghttp2: header lists both ways over one connection, with tables resized on both sides meanwhile.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { PeerProgram } from "../kit/peer_program.ts";
import { peerTest } from "../kit/peers.ts";
import { type LegalField, legalFields } from "./arbitraries.ts";
import { pairs } from "./blocks.ts";
import { RawHttp2 } from "./raw_http2.ts";
import type { FieldLine } from "./rfc_examples.ts";

interface Exchange {
  request: LegalField[];
  response: LegalField[];
  /** What we say before the request; null: nothing. */
  ourSettings: number[] | null;
  /** What Node says before its answer. */
  itsTableSize: number | null;
}

const size = fc.oneof(fc.constantFrom(0, 4096, 65_536), fc.nat(300), fc.nat(8192));

const exchange: fc.Arbitrary<Exchange> = fc.record({
  request: legalFields,
  response: legalFields,
  ourSettings: fc.option(fc.array(size, { minLength: 1, maxLength: 3 }), { nil: null }),
  itsTableSize: fc.option(size, { nil: null }),
});

peerTest(
  ["node"],
  "property: header lists go to and come from Node as they are, in step, through resizes",
  async () => {
    await using node = await PeerProgram.startNode(fileURLToPath(new URL("node_echo.mjs", import.meta.url)));
    const { port } = node.hello as { port: number };
    const exchanges = fc.array(exchange, { minLength: 1, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(exchanges, fc.constantFrom(0, 200, 4096, 65_536), async (exchanges, maxTableSize) => {
        using connection = await Deno.connect({ hostname: "127.0.0.1", port });
        const raw = new RawHttp2(connection, maxTableSize);
        await raw.sendPreface();
        await raw.sendSettings();
        let stream = 1;
        for (const exchange of exchanges) {
          await exchangeOnce(raw, stream, exchange);
          stream += 2;
        }
      }),
      { numRuns: 30, interruptAfterTimeLimit: 20_000 },
    );
  },
);

async function exchangeOnce(raw: RawHttp2, stream: number, exchange: Exchange): Promise<void> {
  const { request, response, ourSettings, itsTableSize } = exchange;
  if (ourSettings !== null) await raw.sendSettings(...ourSettings);
  const asked = {
    answer: response.map(({ line: [name, value], never }) => [name, value, never]),
    tableSize: itsTableSize,
  };
  const sent: FieldLine[] = [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", `/?${encodeURIComponent(JSON.stringify(asked))}`],
    [":authority", "localhost"],
    ...request.map(({ line }) => line),
  ];
  await raw.sendHeaders(stream, sent, neverOf(request), true);

  let body = "";
  for (let end = false; !end;) {
    const event = await raw.next();
    assert.ok(event !== null, "the connection ended");
    assert.equal(event.stream, stream);
    end = event.end;
    if (event.kind === "data") body += latin1Decode(event.data);
    else {
      const wanted = new Map([[":status", "200"], ...response.map(({ line }) => line)]);
      assert.deepEqual(new Map(pairs(event.block.list)), wanted);
      assert.deepEqual(event.block.neverIndexed ?? new Set(), neverOf(response));
    }
  }
  const { received, sensitive } = JSON.parse(new TextDecoder().decode(Uint8Array.from(body, byteOf)));
  assert.deepEqual(pairs(received), sent);
  assert.deepEqual(new Set(sensitive), neverOf(request));
}

function neverOf(fields: LegalField[]): Set<string> {
  return new Set(fields.filter(({ never }) => never).map(({ line }) => line[0]));
}

function byteOf(character: string): number {
  return character.charCodeAt(0);
}
