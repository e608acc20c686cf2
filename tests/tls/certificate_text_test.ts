import assert from "node:assert/strict";
import fc from "fast-check";
import { readPem, toPem } from "../../lib/tls/certificate_text.ts";

const BASE64 = "MAMCAQA=";
const DER = Uint8Array.of(0x30, 3, 2, 1, 0);

function labels(text: string): string[] {
  const reading = readPem(text);
  assert(reading.kind === "blocks", JSON.stringify(reading));
  return reading.blocks.map((block) => block.label);
}

Deno.test("PEM: lines of 64 characters, and the same bytes back", () => {
  const text = toPem("CERTIFICATE", new Uint8Array(100).fill(0xff));
  const lines = text.split("\n");
  assert.equal(lines[0], "-----BEGIN CERTIFICATE-----");
  assert.deepEqual(lines.slice(1, 4).map((line) => line.length), [64, 64, 8]);
  assert.deepEqual(lines.slice(4), ["-----END CERTIFICATE-----", ""]);
});

Deno.test("property: what was written is read back, with anything around it", () => {
  const der = fc.uint8Array({ minLength: 1, maxLength: 400, size: "max" });
  const label = fc.constantFrom("CERTIFICATE", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY");
  const between = fc.string().filter((text) => !text.includes("-----"));
  fc.assert(
    fc.property(fc.array(fc.tuple(label, der, between)), fc.constantFrom("\n", "\r\n"), (parts, lineEnd) => {
      const text = parts.map(([name, bytes, around]) => `${around}\n${toPem(name, bytes)}`).join("")
        .replaceAll("\n", lineEnd);
      const reading = readPem(text);
      assert(reading.kind === "blocks");
      assert.deepEqual(
        reading.blocks.map((block) => [block.label, [...block.der], block.encrypted]),
        parts.map(([name, bytes]) => [name, [...bytes], false]),
      );
    }),
  );
});

Deno.test("property: no text throws", () => {
  const pieces = fc.constantFrom(
    "-----BEGIN CERTIFICATE-----",
    "-----END CERTIFICATE-----",
    "-----BEGIN PRIVATE KEY-----",
    "-----",
    "\n",
    "\n\n",
    "AAAA",
    "A",
    "=",
    "Proc-Type: 4,ENCRYPTED",
    "\u00ff",
  );
  fc.assert(fc.property(fc.array(pieces, { size: "max", maxLength: 30 }), (text) => {
    const reading = readPem(text.join(""));
    // What was taken for a block has bytes.
    if (reading.kind === "blocks") assert(reading.blocks.every((block) => block.der.length > 0));
    else assert.match(reading.reason, /^the [A-Z ]+ block (has no end|is not base64)$/);
  }));
});

Deno.test("PEM: explanatory text, other line ends, no line ends", () => {
  const block = `-----BEGIN CERTIFICATE-----\n${BASE64}\n-----END CERTIFICATE-----\n`;
  assert.deepEqual(labels(`subject=CN = x\n${block}issuer: y\n${block.replaceAll("\n", "\r\n")}`), [
    "CERTIFICATE",
    "CERTIFICATE",
  ]);
  assert.deepEqual(labels(block.replaceAll("\n", "")), ["CERTIFICATE"]);
  assert.deepEqual(labels(""), []);
  assert.deepEqual(labels("\u0000\u0001 no text at all"), []);
});

Deno.test("PEM: an encrypted key is told by its header or its label", () => {
  const old =
    `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n${BASE64}\n-----END RSA PRIVATE KEY-----`;
  const reading = readPem(
    old + `\n-----BEGIN ENCRYPTED PRIVATE KEY-----\n${BASE64}\n-----END ENCRYPTED PRIVATE KEY-----`,
  );
  assert(reading.kind === "blocks");
  assert.deepEqual(reading.blocks.map((block) => [block.encrypted, block.der]), [[true, DER], [true, DER]]);
  const harmless = readPem(
    `-----BEGIN PRIVATE KEY-----\nComment: mine\n\n${BASE64}\n-----END PRIVATE KEY-----`,
  );
  assert(harmless.kind === "blocks");
  assert.deepEqual(harmless.blocks, [{ label: "PRIVATE KEY", encrypted: false, der: DER }]);
});

Deno.test("PEM: damage is named", () => {
  const rows: [string, RegExp][] = [
    [`-----BEGIN CERTIFICATE-----\n${BASE64}\n`, /CERTIFICATE block has no end/],
    [`-----BEGIN CERTIFICATE-----\n${BASE64}\n-----END PRIVATE KEY-----\n`, /CERTIFICATE block has no end/],
    [
      `-----BEGIN PRIVATE KEY-----\n${BASE64}\n-----BEGIN CERTIFICATE-----\n${BASE64}\n-----END CERTIFICATE-----\n-----END PRIVATE KEY-----`,
      /PRIVATE KEY block has no end/,
    ],
    [`-----BEGIN CERTIFICATE-----\nMA*CAQA=\n-----END CERTIFICATE-----\n`, /not base64/],
    [`-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----\n`, /not base64/],
  ];
  for (const [text, reason] of rows) {
    const reading = readPem(text);
    assert(reading.kind === "damaged", text);
    assert.match(reading.reason, reason);
  }
});
