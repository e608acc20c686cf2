// What a connection is, from its first bytes: tables, and what must hold for any bytes.

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type FirstBytes,
  mayBeHttp2Server,
  SNIFF_SIZE,
  sniffProxyPort,
  sniffRaw,
  sniffTunnel,
} from "../../lib/proxy/first_bytes.ts";
import { bytesOf } from "../net/memory_transport.ts";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const tunnel: [bytes: string, is: FirstBytes, why: string][] = [
  ["", "unsure", "nothing yet"],
  ["\x16", "unsure", "perhaps a handshake record"],
  ["\x16\x03", "unsure", "perhaps a handshake record"],
  ["\x16\x03\x01", "tls", "three bytes are enough"],
  ["\x16\x03\x04", "tls", "RFC 8446, 5.1"],
  ["\x16\x03\x05", "raw", "no such version"],
  ["\x16\x02", "raw", "no such version"],
  ["\x15\x03\x03", "raw", "an alert starts nothing"],
  ["\x80\x2e\x01", "raw", "SSLv2"],
  ["G", "unsure", "perhaps a method"],
  ["GET", "unsure", "perhaps a method"],
  ["GET ", "unsure", "a method, and no target"],
  ["GET /", "http1", "a common method and the start of a target"],
  ["GET http:", "http1", "absolute form"],
  ["GET https://a/", "http1", "absolute form"],
  ["OPTIONS *", "http1", "asterisk form"],
  ["CONNECT a.example:4", "http1", "authority form"],
  ["POST /x HTTP/1.1\r\n", "http1", "a whole line"],
  ["PROPFIND /x", "http1", "a common method of WebDAV"],
  ["get /", "unsure", "methods have case; perhaps another method"],
  ["get / HTTP/1.1\r\n", "http1", "any token is a method when the version follows"],
  ["X-Y /x HTTP/1.1\n", "http1", "a bare line feed is for the parser to judge"],
  ["M-SEARCH * HTTP/1.1\r\n", "http1", "any token"],
  ["GET /x HTTP/3.7\r\n", "http1", "a version for the parser to refuse"],
  ["EHLO client.example\r\n", "raw", "SMTP: a token, but no version"],
  ["EHLO client.ex", "unsure", "SMTP so far"],
  ["USER anonymous\r\n", "raw", "FTP"],
  ["SSH-2.0-OpenSSH_9.2\r\n", "raw", "a token alone on its line"],
  ["SSH-2.0-Op", "unsure", "a token so far"],
  ["*1\r\n$4\r\nPING\r\n", "raw", "Redis: no version on the first line"],
  ['{"id": 1}', "raw", "no token"],
  ["\x10\x0c\x00\x04MQTT", "raw", "MQTT"],
  ["\x00\x00\x00\x08\x04\xd2\x16\x2f", "raw", "PostgreSQL's SSLRequest"],
  ["<?xml", "raw", "no token"],
  [" GET / HTTP/1.1\r\n", "raw", "a blank first"],
  ["\r", "unsure", "RFC 9112, 2.2: empty lines may come first"],
  ["\r\n", "unsure", "an empty line"],
  ["\n", "unsure", "an empty line"],
  ["\r\n\r\nGET / HTTP/1.1\r\n", "http1", "empty lines first"],
  ["\r\n\x00", "raw", "an empty line, then no token"],
  ["\rx", "raw", "a carriage return alone"],
  ["P", "unsure", "perhaps the preface of HTTP/2, perhaps POST"],
  ["PRI * HTTP/2.0\r\n", "unsure", "the preface so far"],
  [PREFACE.slice(0, -1), "unsure", "the preface but for a byte"],
  [PREFACE, "http2", "RFC 9113, 3.4"],
  [`${PREFACE}\x00`, "http2", "the preface and a frame"],
  ["PRI * HTTP/2.0\r\n\r\nXX", "http1", "not the preface: a request, for the parser to refuse"],
  ["a".repeat(SNIFF_SIZE), "raw", "a token without an end"],
  [`${"a".repeat(SNIFF_SIZE - 1)}`, "unsure", "a long token"],
  [`A ${"b".repeat(SNIFF_SIZE)}`, "raw", "a line without an end"],
];

for (const [text, is, why] of tunnel) {
  Deno.test(`first bytes in a tunnel: ${name(text)}: ${is} (${why})`, () => {
    assert.equal(sniffTunnel(bytesOf(text)), is);
  });
}

const raw: [bytes: string, is: FirstBytes][] = [
  ["", "unsure"],
  ["\x16", "unsure"],
  ["\x16\x03", "unsure"],
  ["\x16\x03\x03", "tls"],
  ["\x16\x04", "raw"],
  ["x", "raw"],
  ["G", "raw"],
  ["GET / HTTP/1.1\r\n", "raw"],
  ["P", "raw"],
  ["\r", "raw"],
  ["\0", "raw"],
];

for (const [text, is] of raw) {
  Deno.test(`first bytes with --tcp: ${name(text)}: ${is}`, () => {
    assert.equal(sniffRaw(bytesOf(text)), is);
  });
}

const port: [bytes: string, is: FirstBytes, why: string][] = [
  ["", "unsure", "nothing yet"],
  ["\x05", "socks5", "RFC 1928, 3"],
  ["\x05\x01\x00", "socks5", "RFC 1928, 3"],
  ["\x04\x01", "http1", "SOCKS4 is not spoken: HTTP's answer"],
  ["\x16", "unsure", "perhaps TLS"],
  ["\x16\x03\x01", "tls", "the proxy itself over TLS"],
  ["\x16\x03\x09", "http1", "no TLS: HTTP's answer"],
  ["C", "http1", "one byte is enough to read on as HTTP"],
  ["GET http://a/", "http1", "absolute form"],
  ["P", "http1", "as good as any; more tells nothing else"],
  ["PRI", "unsure", "perhaps the preface"],
  ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r", "unsure", "the preface so far"],
  [PREFACE, "http2", "RFC 9113, 3.4"],
  ["PROPFIND", "http1", "not the preface"],
  ["\x00garbage", "http1", "what is nothing else gets HTTP's answer"],
];

for (const [text, is, why] of port) {
  Deno.test(`first bytes at the proxy's port: ${name(text)}: ${is} (${why})`, () => {
    assert.equal(sniffProxyPort(bytesOf(text)), is);
  });
}

const servers: [bytes: string, may: boolean, why: string][] = [
  ["\0", true, "the first byte of a length"],
  ["\0\0\x06\x04", true, "so far SETTINGS"],
  ["\0\0\0\x04\0\0\0\0\0", true, "empty SETTINGS"],
  ["\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64", true, "SETTINGS, and some of what is in it"],
  ["\0\0\0\x04\0\0\0\0\0\0\0\x04\x08\0\0\0\0\0\0\x01\0\0", true, "and WINDOW_UPDATE"],
  ["\0\0\x07\x04\0\0\0\0\0", false, "no whole settings"],
  ["\0\x01\x86\x04\0\0\0\0\0", false, "more settings than there are"],
  ["\x01\0\0\x04\0\0\0\0\0", false, "far more"],
  ["\0\0\0\x04\x01\0\0\0\0", false, "an acknowledgement"],
  ["\0\0\0\x06\0\0\0\0\0", false, "another frame"],
  ["\0\0\0\x04\0\0\0\0\x01", false, "on a stream"],
  ["SSH-2.0-OpenSSH_9\r\n", false, "SSH"],
  ["220 mail.example ESMTP\r\n", false, "SMTP"],
  ["\x4a\0\0\0\x0a8.0.36\0", false, "MySQL"],
];

for (const [text, may, why] of servers) {
  Deno.test(`first bytes of a server: ${name(text)}: ${may ? "may be" : "not"} HTTP/2 (${why})`, () => {
    const bytes = bytesOf(text);
    assert.equal(mayBeHttp2Server(bytes), may);
    // Nothing that may be one was none before.
    if (may) {
      for (let length = 0; length < bytes.length; length++) {
        assert.ok(mayBeHttp2Server(bytes.subarray(0, length)));
      }
    }
  });
}

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc.string({ maxLength: 64 }).map((text) => bytesOf([...text].filter((one) => one < "\x80").join(""))),
  fc.constantFrom(...tunnel.map(([text]) => bytesOf(text)).filter(({ length }) => length < 64)),
);

Deno.test("first bytes: what is no HTTP/1 is not taken back when more comes", () => {
  // A request line may be judged by its beginning alone, the connection never.
  const final: readonly FirstBytes[] = ["tls", "socks5", "http2"];
  fc.assert(
    fc.property(anyBytes, anyBytes, (head, tail) => {
      const all = Uint8Array.from([...head, ...tail]);
      for (const sniff of [sniffTunnel, sniffProxyPort]) {
        let decided: FirstBytes = "unsure";
        for (let length = 0; length <= all.length; length++) {
          const now = sniff(all.subarray(0, length));
          if (final.includes(decided)) assert.equal(now, decided);
          if (decided === "unsure") decided = now;
        }
        if (sniff === sniffProxyPort && all.length > PREFACE.length) assert.notEqual(decided, "unsure");
      }
    }),
  );
});

Deno.test("first bytes: nothing stays undecided past a limit", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 4 }), (seed) => {
      const bytes = Uint8Array.from({ length: SNIFF_SIZE }, (_, index) => seed[index % seed.length]!);
      assert.notEqual(sniffTunnel(bytes), "unsure");
      assert.notEqual(sniffProxyPort(bytes), "unsure");
    }),
  );
});

function name(text: string): string {
  const shown = text.length > 40 ? `${text.slice(0, 8)}… (${text.length} bytes)` : text;
  return JSON.stringify(shown);
}
