// What the command says; curl_sent_test.ts runs it.

import assert from "node:assert/strict";
import fc from "fast-check";
import { isToken } from "../../lib/bytes/ascii.ts";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { curlCommand } from "../../lib/export/curl_command.ts";
import { type HttpFlowParts, makeConnection, makeHttpFlow, makeTlsFacts } from "../kit/records.ts";
import { peerTest } from "../kit/peers.ts";
import { httpFlow } from "./arbitraries.ts";
import { runShell } from "./shell.ts";

type Row = HttpFlowParts & { name: string; command: string; unfinished?: true };

/** What keeps curl from saying it of itself. */
const OWN = "-H User-Agent: -H Accept:";
const tls = (verifyError: string | null) => makeConnection({ tls: makeTlsFacts({ verifyError }) });

const rows: Row[] = [
  {
    name: "a GET",
    request: { path: "/a?b=c&d", fields: [["Host", "example.com"], ["Accept", "*/*"], ["User-Agent", "x"]] },
    command: "curl 'http://example.com/a?b=c&d' -H 'Accept: */*' -H 'User-Agent: x'",
  },
  {
    name: "fields in order, with their duplicates, spelling and quotes",
    request: {
      fields: [["x-B", "it's"], ["HOST", "example.com"], ["accept", "a"], ["X-b", ""], ["User-Agent", ""]],
    },
    command: "curl http://example.com/ -H 'x-B: it'\\''s' -H 'accept: a' -H 'X-b;' -H 'User-Agent;'",
  },
  {
    name: "another Host than the URL's comes first",
    request: { fields: [["Accept", "a"], ["host", "other.example:80"]] },
    command: "curl http://example.com/ -H 'host: other.example:80' -H 'Accept: a' -H User-Agent:",
  },
  {
    name: "HTTP/1.0 without Host",
    request: { version: "HTTP/1.0", fields: [] },
    command: `curl http://example.com/ --http1.0 -H Host: ${OWN}`,
  },
  {
    name: "an empty Host is not none",
    request: { fields: [["Host", ""]] },
    command: `curl http://example.com/ -H 'Host;' ${OWN}`,
  },
  {
    name: "an IPv6 address, which curl may spell otherwise",
    host: "::1",
    port: 8080,
    request: { fields: [["Host", "[::1]:8080"]] },
    command: `curl 'http://[::1]:8080/' -H 'Host: [::1]:8080' ${OWN}`,
  },
  {
    name: "an IPv4 address",
    host: "127.0.0.1",
    port: 8080,
    request: { fields: [["Host", "127.0.0.1:8080"]] },
    command: `curl http://127.0.0.1:8080/ ${OWN}`,
  },
  {
    name: "HTTP/1.1 over TLS",
    scheme: "https",
    server: tls(null),
    command: `curl https://example.com/ --http1.1 ${OWN}`,
  },
  {
    name: "HTTP/2 over TLS, with a certificate that was not accepted",
    scheme: "https",
    server: tls("self-signed"),
    request: { version: "HTTP/2.0", fields: [["accept", "*/*"], ["cookie", "a=1"], ["cookie", "b=2"]] },
    command: "curl https://example.com/ --http2 --insecure -H 'accept: */*' -H 'cookie: a=1' " +
      "-H 'cookie: b=2' -H User-Agent:",
  },
  {
    name: "HTTP/2 in the clear, for another authority",
    request: { version: "HTTP/2.0", authority: "other.example", fields: [] },
    command: `curl http://example.com/ --http2-prior-knowledge -H 'Host: other.example' ${OWN}`,
  },
  {
    name: "content codings that curl takes off",
    request: { fields: [["Host", "example.com"], ["Accept-Encoding", "gzip;q=1.0, br"]] },
    command: `curl http://example.com/ --compressed -H 'Accept-Encoding: gzip;q=1.0, br' ${OWN}`,
  },
  {
    name: "a content coding that curl does not know",
    request: { fields: [["Host", "example.com"], ["Accept-Encoding", "identity, exi"]] },
    command: `curl http://example.com/ -H 'Accept-Encoding: identity, exi' ${OWN}`,
  },
  { name: "HEAD", request: { method: "HEAD" }, command: `curl http://example.com/ --head ${OWN}` },
  {
    name: "another method, that a shell would read",
    request: { method: "A`B" },
    command: `curl http://example.com/ -X 'A\`B' ${OWN}`,
  },
  {
    name: "POST without a body",
    request: { method: "POST" },
    command: `curl http://example.com/ -X POST ${OWN}`,
  },
  {
    name: "POST with a body of no bytes",
    request: { method: "POST", body: "", fields: [["Host", "example.com"], ["Content-Length", "0"]] },
    command: `curl http://example.com/ ${OWN} -H Content-Type: --data-binary ''`,
  },
  {
    name: "GET with a body",
    request: { body: "it's", fields: [["Host", "example.com"], ["Content-Type", "a"]] },
    command: `curl http://example.com/ -X GET -H 'Content-Type: a' ${OWN} --data-binary 'it'\\''s'`,
  },
  {
    name: "a body of lines",
    request: { method: "PUT", body: '{\n\t"a": 1\n}' },
    command: `printf '{\\n\\t"a": 1\\n}' | curl http://example.com/ -X PUT ${OWN} -H Content-Type: ` +
      "--data-binary @-",
  },
  {
    name: "a body that curl would take for the name of a file",
    request: { method: "POST", body: "@/etc/passwd" },
    command: `printf '@/etc/passwd' | curl http://example.com/ ${OWN} -H Content-Type: --data-binary @-`,
  },
  {
    name: "a binary body, chunked",
    request: {
      method: "POST",
      body: "\0\xff",
      framing: "chunked",
      fields: [["Host", "example.com"], ["Transfer-Encoding", "Chunked"], ["Expect", "100-continue"]],
    },
    command: "printf '\\000\\377' | curl http://example.com/ -H 'Transfer-Encoding: Chunked' " +
      `-H 'Expect: 100-continue' ${OWN} -H Content-Type: --data-binary @-`,
  },
  {
    name: "a body that curl would wait with",
    request: { method: "POST", body: "a".repeat(1025) },
    command: `curl http://example.com/ ${OWN} -H Content-Type: -H Expect: --data-binary ${"a".repeat(1025)}`,
  },
  {
    name: "what was meant for the proxy",
    request: {
      target: "http://example.com/a",
      targetForm: "absolute",
      path: "/a",
      fields: [["Host", "example.com"], ["Proxy-Connection", "close"], ["proxy-authorization", "Basic x"]],
    },
    command: `curl http://example.com/a ${OWN}`,
  },
  {
    name: "a path that curl would read",
    request: { path: "/../a/%2E./{1,2}[a-b]?'" },
    command: `curl 'http://example.com/../a/%2E./{1,2}[a-b]?'\\''' --globoff --path-as-is ${OWN}`,
  },
  {
    name: "a target that is no part of a URL",
    request: { path: "/a#b\xff" },
    command: `curl http://example.com/ --request-target "$(printf '/a#b\\377')" ${OWN}`,
  },
  {
    name: "OPTIONS *",
    request: { method: "OPTIONS", path: "*", targetForm: "asterisk" },
    command: `curl http://example.com/ --request-target '*' -X OPTIONS ${OWN}`,
  },
  {
    name: "CONNECT",
    port: 443,
    request: {
      method: "CONNECT",
      target: "example.com:443",
      targetForm: "authority",
      path: "",
      fields: [["Host", "example.com:443"], ["Proxy-Connection", "keep-alive"]],
    },
    command: `curl http://example.com:443/ --request-target example.com:443 -X CONNECT ${OWN}`,
  },
  {
    name: "a WebSocket asked for over HTTP/2",
    scheme: "https",
    request: {
      version: "HTTP/2.0",
      method: "CONNECT",
      protocol: "websocket",
      path: "/chat",
      fields: [["sec-websocket-version", "13"], ["origin", "https://a"]],
    },
    command:
      "curl https://example.com/chat --http1.1 -H 'sec-websocket-version: 13' -H 'origin: https://a' " +
      "-H 'Upgrade: websocket' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' -H 'Connection: Upgrade' " +
      `${OWN} && : # the WebSocket was asked for by extended CONNECT`,
  },
  {
    name: "another protocol by extended CONNECT",
    request: { version: "HTTP/2.0", method: "CONNECT", protocol: "connect-ip", path: "/x", fields: [] },
    command: `curl http://example.com/x --http2-prior-knowledge -X CONNECT ${OWN} ` +
      "&& : # curl cannot send :protocol",
  },
  {
    name: "trailers, and a capture that was cut",
    request: { method: "POST", body: "abcdef", capture: 3, trailers: [["a", "1"], ["b", "2"]] },
    command: `curl http://example.com/ ${OWN} -H Content-Type: --data-binary abc ` +
      "&& : # only 3 of 6 bytes of the body were captured, curl cannot send trailers, 2 left out",
  },
  {
    name: "a request that broke off",
    request: { method: "POST", body: "abc" },
    unfinished: true,
    command: `curl http://example.com/ ${OWN} -H Content-Type: --data-binary abc ` +
      "&& : # the request had not come to its end",
  },
  {
    name: "no origin",
    host: "",
    port: 0,
    request: { authority: "", fields: [] },
    command: `curl http:/// -H Host: ${OWN} && : # the request names no origin`,
  },
];

for (const { name, command, unfinished, ...parts } of rows) {
  Deno.test(`curl command: ${name}`, () => {
    const flow = makeHttpFlow(parts);
    if (unfinished) flow.request.endedAt = null;
    assert.equal(curlCommand(flow), command);
  });
}

Deno.test("curl command: a body that is too long for an argument goes through a pipe", () => {
  const body = "a".repeat(64 * 1024 + 1);
  const command = curlCommand(makeHttpFlow({ request: { method: "POST", body } }));
  assert.ok(command.startsWith(`printf '${body}' | curl http`));
});

Deno.test("curl command: any record is one line without a control character", () => {
  fc.assert(fc.property(httpFlow, (flow) => {
    assert.doesNotMatch(curlCommand(flow), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u);
  }));
});

/** Says how many arguments it was given, and which. */
const NOT_CURL = `curl() { printf '%s\\0' "$#" "$@"; }\n`;

peerTest(["sh"], "curl command: to a shell a record is nothing but arguments of curl", async () => {
  const property = fc.asyncProperty(fc.array(httpFlow, { minLength: 20, maxLength: 40 }), async (flows) => {
    const { code, stdout, stderr } = await runShell("sh", NOT_CURL + flows.map(curlCommand).join("\n"));
    assert.deepEqual([code, stderr], [0, ""]);
    const said = latin1Decode(stdout).split("\0").slice(0, -1);
    for (const flow of flows) {
      const words = said.splice(0, Number(said[0]) + 1);
      for (const [name, value] of flow.request.head.fields) {
        const isOther = /^(?:host|content-length|transfer-encoding|proxy-.*)$/i.test(name);
        if (isOther || !isToken(name) || /[\0\n]/.test(value)) continue;
        const line = value === "" ? `${name};` : `${name}: ${value}`;
        assert.equal(words[words.indexOf(line) - 1], "-H", line);
      }
    }
    assert.deepEqual(said, []);
  });
  await fc.assert(property, { numRuns: 10 });
});
