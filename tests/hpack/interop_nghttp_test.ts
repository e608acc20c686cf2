// In step with nghttp and nghttpd: what nghttp sends is decoded, what we encode it understands, with tables of all
// sizes on both sides, also ones that change while the connection lasts.

import assert from "node:assert/strict";
import { nghttp } from "../kit/nghttp.ts";
import { startNghttpd } from "../kit/nghttpd_origin.ts";
import { peerTest } from "../kit/peers.ts";
import { pairs } from "./blocks.ts";
import { RawHttp2 } from "./raw_http2.ts";
import type { FieldLine } from "./rfc_examples.ts";

const REQUESTS = 5;

interface TableSizes {
  /** nghttp's -c: what its decoder takes; with several it says the smallest and the last, in one SETTINGS frame. */
  decoder: number[];
  /** The most its encoder uses. */
  encoder: number;
  /** The most ours uses. */
  ours: number;
  /** What we say we take: before the first request, and before each response. */
  said: number[][];
}

const rows: TableSizes[] = [
  { decoder: [], encoder: 4096, ours: 4096, said: [[]] },
  { decoder: [0], encoder: 0, ours: 4096, said: [[0]] },
  { decoder: [4096], encoder: 4096, ours: 0, said: [[], [0], [4096]] },
  { decoder: [100], encoder: 100, ours: 4096, said: [[100], [200], [50]] },
  { decoder: [0, 4096], encoder: 4096, ours: 4096, said: [[4096], [0, 4096], [], [300]] },
  { decoder: [100, 8192], encoder: 8192, ours: 65_536, said: [[8192], [100, 8192], [64]] },
  { decoder: [65_536], encoder: 65_536, ours: 65_536, said: [[65_536], [0], [65_536]] },
];

function nameOf({ decoder, encoder, ours, said }: TableSizes): string {
  return `decoder ${decoder.join("/") || "as is"}, encoder ${encoder}, ours ${ours}, we say ${
    said.map((sizes) => sizes.join("/") || "-").join(", ")
  }`;
}

/** What both sides send: common, long, and different each time. */
function fieldsOf(index: number): FieldLine[] {
  return [
    ["x-same", "the same every time"],
    ["x-index", String(index % 3)],
    ["x-long", `${index % 2} `.repeat(40).trim()],
    ["authorization", "Basic eDp5"],
    ["etag", `"${index}"`],
  ];
}

const never = new Set(["authorization"]);

function linesOf(fields: FieldLine[]): string[] {
  return fields.map(([name, value]) => `${name}: ${value}`);
}

for (const row of rows) {
  peerTest(["nghttp"], `nghttp: ${nameOf(row)}`, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const running = nghttp([
      ...row.decoder.map((size) => `--header-table-size=${size}`),
      `--encoder-header-table-size=${row.encoder}`,
      `--multiply=${REQUESTS}`,
      ...linesOf(fieldsOf(0)).map((line) => `--header=${line}`),
      `http://127.0.0.1:${listener.addr.port}/path`,
    ]);
    const [peerTableSizes, { code, log, streams }] = await Promise.all([serve(listener, row), running]);
    assert.equal(code, 0, log);
    const [smallest, last] = [Math.min(...row.decoder), row.decoder.at(-1)!];
    assert.deepEqual(peerTableSizes, row.decoder.length > 1 ? [smallest, last] : row.decoder);
    const answered = [...streams.values()].filter(({ fields }) => fields.length > 0);
    assert.equal(answered.length, REQUESTS);
    for (const [index, { fields }] of answered.entries()) {
      assert.deepEqual(fields, [":status: 200", ...linesOf(fieldsOf(index))]);
    }
    assert.equal(log.match(/, sensitive\) authorization: Basic eDp5$/gm)?.length, REQUESTS);
    assert.equal(log.match(/, sensitive\)/g)?.length, REQUESTS);
  });
}

/** Answers one connection's requests in order, checks them, and gives the table sizes the client said it takes. */
async function serve(listener: Deno.TcpListener, row: TableSizes): Promise<number[]> {
  using connection = await listener.accept();
  const raw = new RawHttp2(connection, row.ours);
  await raw.readPreface();
  await raw.sendSettings(...row.said[0]!);
  for (let answered = 0;;) {
    const event = await raw.next();
    if (event === null) {
      assert.equal(answered, REQUESTS);
      return raw.peerTableSizes;
    }
    assert.equal(event.kind, "headers");
    if (event.kind !== "headers") continue;
    const request = pairs(event.block.list);
    assert.deepEqual(request.slice(0, 3), [[":method", "GET"], [":path", "/path"], [":scheme", "http"]]);
    assert.deepEqual(request.slice(-5), fieldsOf(0));
    assert.deepEqual(event.block.neverIndexed, never);
    const said = row.said[answered + 1];
    if (said !== undefined) await raw.sendSettings(...said);
    await raw.sendHeaders(event.stream, [[":status", "200"], ...fieldsOf(answered)], never, true);
    answered++;
  }
}

for (const row of rows) {
  peerTest(["nghttpd"], `nghttpd: ${nameOf(row)}`, async () => {
    const { decoder, encoder } = row;
    await using origin = await startNghttpd({
      scheme: "http",
      files: { file: new Uint8Array(3) },
      args: [
        ...decoder.slice(-1).map((size) => `--header-table-size=${size}`),
        `--encoder-header-table-size=${encoder}`,
      ],
    });
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: origin.port });
    const raw = new RawHttp2(connection, row.ours);
    await raw.sendPreface();
    const answers: FieldLine[][] = [];
    for (let index = 0; index < REQUESTS; index++) {
      await raw.sendSettings(...row.said[index] ?? []);
      const stream = 2 * index + 1;
      await raw.sendHeaders(stream, requestOf(origin.port, index), never, true);
      for (let end = false; !end;) {
        const event = await raw.next();
        assert.ok(event !== null, origin.log());
        if (event.kind === "headers") answers.push(pairs(event.block.list));
        end = event.end;
      }
    }
    assert.equal(answers.length, REQUESTS);
    for (const answer of answers) {
      const names = [":status", "server", "cache-control", "date", "content-length", "last-modified"];
      assert.deepEqual(answer.map(([name]) => name), names);
      assert.deepEqual([answer[0]![1], answer[4]![1]], ["200", "3"]);
      assert.match(answer[1]![1], /^nghttpd nghttp2\//);
      assert.match(answer[3]![1], /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
    }
    // Its answer comes behind what it says of the request.
    const log = await origin.until(new RegExp(`send HEADERS frame <.*stream_id=${2 * REQUESTS - 1}>`));
    for (let index = 0; index < REQUESTS; index++) {
      const seen = log.matchAll(
        new RegExp(`recv \\(stream_id=${2 * index + 1}(, sensitive)?\\) (.*)$`, "gm"),
      );
      const expected = requestOf(origin.port, index);
      assert.deepEqual(Array.from(seen, ([, sensitive, line]) => [sensitive !== undefined, line]), [
        ...expected.map(([name, value]) => [never.has(name), `${name}: ${value}`]),
      ]);
    }
    assert.deepEqual(raw.peerTableSizes, decoder.slice(-1));
  });
}

function requestOf(port: number, index: number): FieldLine[] {
  return [
    [":method", "GET"],
    [":scheme", "http"],
    [":authority", `127.0.0.1:${port}`],
    [":path", "/file"],
    ...fieldsOf(index),
  ];
}
