// Sec-WebSocket-Extensions, read, and what was agreed to with it (RFC 6455, 9.1; RFC 7692, 7.1).

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  agreedExtensions,
  type Agreement,
  type DirectionParameters,
  type Extension,
  parseExtensions,
} from "../../lib/websocket/extensions.ts";
import { agreementRows, parseRows } from "./extension_rows.ts";

function extensionsText(extensions: readonly Extension[]): string {
  return extensions.map(({ name, parameters }) =>
    [name, ...parameters.map(([name, value]) => value === null ? name : `${name}=${value}`)].join("; ")
  ).join(", ");
}

function agreementText(agreement: Agreement): string {
  if (agreement.kind === "none") return "none";
  if (agreement.kind === "unknown") return `unknown ${agreement.name}`;
  const { client, server } = agreement.parameters;
  const text = ({ windowBits, contextTakeover }: DirectionParameters): string =>
    `${windowBits}${contextTakeover ? "" : " forgets"}`;
  return `client ${text(client)}, server ${text(server)}`;
}

for (const { name, value, extensions } of parseRows) {
  Deno.test(`extensions: ${name} (RFC 6455, 9.1)`, () => {
    const parsed = parseExtensions(value);
    assert.equal(parsed === null ? null : extensionsText(parsed), extensions);
    // What goes wrong, goes wrong among others too.
    for (const list of [`a; b=c, ${value}`, `${value}, a; b=c`]) {
      const both = parseExtensions(list);
      assert.equal(both === null, extensions === null, list);
    }
  });
}

for (const { name, rule, lines, agreement } of agreementRows) {
  Deno.test(`extensions agreed to: ${name} (${rule})`, () => {
    assert.equal(agreementText(agreedExtensions(lines)), agreement);
  });
}

Deno.test("property: extensions that were written are read, whatever blanks and quotes stand there", () => {
  const token = fc.string({ unit: fc.constantFrom(..."!#$%&'*+-.^_`|~09azAZ"), minLength: 1, maxLength: 6 });
  const blank = fc.constantFrom("", " ", "\t", "  ");
  const value = fc.option(fc.tuple(token, fc.constantFrom("plain", "quoted", "escaped")), { nil: null });
  const extension = fc.tuple(token, fc.array(fc.tuple(token, value), { maxLength: 3 }));
  fc.assert(
    fc.property(
      fc.array(extension, { maxLength: 4 }),
      fc.array(blank, { minLength: 8, maxLength: 8 }),
      (list, blanks) => {
        let next = 0;
        const gap = (): string => blanks[next++ % blanks.length] ?? "";
        const text = list.map(([name, parameters]) =>
          [
            name,
            ...parameters.map(([name, value]) => {
              if (value === null) return name;
              const [plain, how] = value;
              const quoted = how === "escaped" ? plain.replaceAll(/./g, "\\$&") : plain;
              return `${name}${gap()}=${gap()}${how === "plain" ? plain : `"${quoted}"`}`;
            }),
          ].map((part) => `${gap()}${part}${gap()}`).join(";")
        ).join(",");
        const expected = list.map(([name, parameters]) => ({
          name: name.toLowerCase(),
          parameters: parameters.map(([name, value]) => [name.toLowerCase(), value?.[0] ?? null]),
        }));
        assert.deepEqual(parseExtensions(text), expected, text);
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("property: any text is extensions or none, and never throws", () => {
  const text = fc.string({
    unit: fc.constantFrom(...'ab18,;="\\ \t\0\xff', "permessage-deflate", "client_max_window_bits"),
  });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 3 }), (lines) => {
      const agreement = agreedExtensions(lines);
      if (agreement.kind === "deflate") {
        for (const { windowBits } of [agreement.parameters.client, agreement.parameters.server]) {
          assert.ok(windowBits >= 8 && windowBits <= 15);
        }
      }
      for (const { name } of parseExtensions(lines.join(",")) ?? []) assert.match(name, /^[!-~]+$/);
    }),
    { numRuns: 2000 },
  );
});
