// nghttp against nghttpd and nginx: what it gets through the proxy is what it gets directly; what nghttpd pushes comes
// through; and nghttp's priorities, which it sends with every request, do not unless the user wants them to.

import assert from "node:assert/strict";
import type { Settings } from "../../lib/proxy/settings.ts";
import { nghttp, nghttpBody, type NghttpResult } from "../kit/nghttp.ts";
import { type NghttpdOrigin, startNghttpd } from "../kit/nghttpd_origin.ts";
import { startNginx } from "../kit/nginx_origin.ts";
import { peerTest } from "../kit/peers.ts";
import { type ProxyFixture, startProxy } from "../kit/proxy_fixture.ts";
import { generatedArray, generatedHash } from "./generated_bytes.ts";

const LARGE = 10_000_000;
const files = {
  "page.html": new TextEncoder().encode("<!doctype html><title>page</title>\n".repeat(300)),
  "large.bin": generatedArray(LARGE),
  "style.css": new TextEncoder().encode("body { color: red }\n".repeat(200)),
};

interface Scenario {
  path: string;
  args?: string[];
  check?: (result: NghttpResult) => void;
}

const scenarios: Record<string, Scenario> = {
  "GET": { path: "/page.html" },
  "GET of 10 MB": { path: "/large.bin" },
  "404": { path: "/missing" },
  "padded frames, and heads in CONTINUATION": {
    path: "/page.html",
    args: ["--padding=200", "--continuation", "--header=x-long: long", "--no-content-length"],
  },
  "windows of 2^20 and a header table of none": {
    path: "/large.bin",
    args: ["--window-bits=20", "--connection-window-bits=20", "--header-table-size=0"],
  },
  "twenty requests at once": {
    path: "/page.html",
    args: ["--multiply=20"],
    check: ({ streams }) => assert.equal(streams.size, 20),
  },
};

const UPLOAD = 1_000_000;

/** `file`: of `UPLOAD` bytes. */
const uploads = (file: string): Record<string, Scenario> => ({
  "POST of 1 MB, and trailers both ways": {
    path: "/page.html",
    args: [`--data=${file}`, "--trailer=x-up: 1"],
    check: ({ streams }) => {
      const [stream] = streams.values();
      assert.equal(stream?.dataLength, UPLOAD);
      assert.equal(stream?.fields.at(-1), "x-sum: 0123abc");
    },
  },
  "POST with Expect: 100-continue": { path: "/page.html", args: [`--data=${file}`, "--expect-continue"] },
});

type Way = "explicit" | "reverse";

/** To an origin at localhost, from this machine's nghttp, which knows no proxies. */
class Nghttp implements AsyncDisposable {
  readonly scheme: "http" | "https";
  readonly originPort: number;
  readonly regular: ProxyFixture;
  readonly reverse: ProxyFixture;

  private constructor(scheme: "http" | "https", port: number, regular: ProxyFixture, reverse: ProxyFixture) {
    this.scheme = scheme;
    this.originPort = port;
    this.regular = regular;
    this.reverse = reverse;
  }

  static async start(
    scheme: "http" | "https",
    port: number,
    settings: Partial<Settings> = {},
  ): Promise<Nghttp> {
    const all: Partial<Settings> = { h2cHosts: [/^localhost$/], ...settings };
    const regular = await startProxy(all);
    const mode = { kind: "reverse" as const, scheme, host: "localhost", port };
    return new Nghttp(scheme, port, regular, await startProxy({ ...all, mode }));
  }

  /** Requests to the proxy itself must be in the clear: they name the origin in :authority. */
  get ways(): Way[] {
    return this.scheme === "http" ? ["explicit", "reverse"] : ["reverse"];
  }

  /** The words that lead to a path. */
  to(way: Way | "direct", path: string): string[] {
    const url = (port: number) => `${this.scheme}://localhost:${port}${path}`;
    switch (way) {
      case "direct":
        return [url(this.originPort)];
      case "reverse":
        return [url(this.reverse.port)];
      case "explicit":
        return [url(this.regular.port), `--header=:authority: localhost:${this.originPort}`];
    }
  }

  proxy(way: Way): ProxyFixture {
    return way === "explicit" ? this.regular : this.reverse;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.regular[Symbol.asyncDispose]();
    await this.reverse[Symbol.asyncDispose]();
  }
}

/** What does not depend on the moment, nor on which ids pushed streams have. */
function comparable({ code, streams }: NghttpResult) {
  const shown = [...streams.values()].map(({ fields, dataLength, reset }) => ({
    fields: pseudoFieldsSorted(fields.filter((line) => !/^(date|:authority): /.test(line))),
    dataLength,
    reset,
  }));
  const order = (stream: { fields: string[] }) => stream.fields.join("\n");
  return { code, streams: shown.sort((one, other) => order(one) < order(other) ? -1 : 1) };
}

/** Their order among each other means nothing (RFC 9113, 8.3). */
function pseudoFieldsSorted(fields: string[]): string[] {
  const isPseudo = (line: string) => line.startsWith(":");
  return [...fields.filter(isPseudo).sort(), ...fields.filter((line) => !isPseudo(line))];
}

async function compareScenarios(
  test: Deno.TestContext,
  peers: Nghttp,
  list: Record<string, Scenario>,
): Promise<void> {
  for (const [name, { path, args = [], check }] of Object.entries(list)) {
    await test.step(name, async () => {
      const direct = await nghttp([...args, ...peers.to("direct", path)]);
      assert.equal(direct.code, 0, direct.log);
      check?.(direct);
      const body = await nghttpBody([...args, ...peers.to("direct", path)]);
      for (const way of peers.ways) {
        const seen = await nghttp([...args, ...peers.to(way, path)]);
        assert.deepEqual(comparable(seen), comparable(direct), `${way}: ${seen.log}`);
        const { length, hash } = await nghttpBody([...args, ...peers.to(way, path)]);
        assert.equal(length, body.length, way);
        // Pieces of several bodies come as they come.
        if (direct.streams.size === 1) assert.equal(hash, body.hash, way);
      }
    });
  }
}

for (const scheme of ["http", "https"] as const) {
  peerTest(
    ["nghttp", "nghttpd"],
    `nghttp and nghttpd over ${scheme}: the same directly and through the proxy`,
    async (test) => {
      const args = ["--echo-upload", "--trailer=x-sum: 0123abc"];
      await using origin = await startNghttpd({ scheme, files, args });
      await using peers = await Nghttp.start(scheme, origin.port);
      await compareScenarios(test, peers, scenarios);
      const upload = await Deno.makeTempFile({ prefix: "mitm-nghttp-" });
      try {
        await Deno.writeFile(upload, files["large.bin"].subarray(0, UPLOAD));
        await compareScenarios(test, peers, uploads(upload));
      } finally {
        await Deno.remove(upload);
      }
      await test.step("the body of 10 MB is the file", async () => {
        const { hash } = await nghttpBody(peers.to("reverse", "/large.bin"));
        assert.equal(hash, generatedHash(LARGE));
      });
    },
  );

  peerTest(
    ["nghttp", "nginx"],
    `nghttp and nginx over ${scheme}: the same directly and through the proxy`,
    async (test) => {
      await using origin = await startNginx({ files, http2: true });
      await using peers = await Nghttp.start(scheme, scheme === "http" ? origin.port : origin.tlsPort);
      await compareScenarios(test, peers, scenarios);
    },
  );

  peerTest(["nghttp", "nghttpd"], `what nghttpd pushes comes to nghttp, over ${scheme}`, async () => {
    await using origin = await startNghttpd({
      scheme,
      files,
      args: ["--push=/page.html=/style.css,/large.bin"],
    });
    await using peers = await Nghttp.start(scheme, origin.port);
    const direct = await nghttp(peers.to("direct", "/page.html"));
    assert.equal(direct.streams.size, 3);
    for (const way of peers.ways) {
      const seen = await nghttp(peers.to(way, "/page.html"));
      assert.deepEqual(comparable(seen), comparable(direct), `${way}: ${seen.log}`);
      // RFC 9113, 8.4: what is promised is said before the response's body.
      assert.match(seen.log, /recv PUSH_PROMISE[^]*recv DATA/);
      const without = await nghttp(["--no-push", ...peers.to(way, "/page.html")]);
      assert.equal(without.streams.size, 1);
      const { ended } = peers.proxy(way);
      assert.deepEqual(ended.map(({ error }) => error), ended.map(() => null));
    }
  });
}

/** Of the streams nghttp gives its priorities to: it never opens them (RFC 7540, 5.3.4). */
const PRIORITY = /recv PRIORITY frame/g;

async function prioritiesAt(origin: NghttpdOrigin, peers: Nghttp): Promise<number> {
  const before = origin.log().length;
  const { code, log } = await nghttp(["--weight=200", ...peers.to("reverse", "/page.html")]);
  assert.equal(code, 0, log);
  const seen = origin.log().slice(before);
  return [...seen.matchAll(PRIORITY)].length +
    [...seen.matchAll(/END_HEADERS \| PRIORITY|\| PRIORITY/g)].length;
}

peerTest(
  ["nghttp", "nghttpd"],
  "nghttp's priorities come to nghttpd only where the user wants it",
  async () => {
    await using origin = await startNghttpd({ scheme: "https", files });
    await using without = await Nghttp.start("https", origin.port);
    assert.equal(await prioritiesAt(origin, without), 0);
    await using forwarded = await Nghttp.start("https", origin.port, { http2Priority: true });
    assert.ok(await prioritiesAt(origin, forwarded) > 0, origin.log());
  },
);
