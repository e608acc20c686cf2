// One long download over HTTP/2 from an origin that is far away: windows that are too small show as time. Through mitm
// and without it, in turn, over the same relay that delays every byte.

import { fileURLToPath } from "node:url";
import { type Check, judge, median, ratioOf, spreadOf, type Target } from "./bench_figures.ts";
import { LONG } from "./bench_nginx.ts";
import { findProgram, outputOf, RunningProgram, within } from "./bench_process.ts";
import { startMitm } from "./bench_proxies.ts";
import type { Setting } from "./bench_setting.ts";
import { figure, type RowReport } from "./bench_table.ts";

/** Of every byte, in each direction: a round trip takes twice as long. Milliseconds. */
const DELAY = 25;
const TARGET: Target = { kind: "at-least", value: 0.9 };
/** One download. Milliseconds. */
const LIMIT = 30_000;

export const http2DelayRow = {
  name: "delay-h2",
  title: `GET of 100 MB over HTTP/2 from an origin ${2 * DELAY} ms away and back, TLS`,
};

interface Download {
  /** Seconds, from starting to connect to the last byte. */
  seconds: number;
  bytes: number;
}

export async function runHttp2DelayRow(setting: Setting): Promise<RowReport> {
  setting.limit.check();
  const { authority, origin, options } = setting;
  const curl = findProgram("curl");
  if (curl === null) throw new Error("curl is missing; on Debian: apt-get install curl");
  const notes: string[] = [];
  const { relay, port } = await startRelay(origin.http2);
  const proxy = await startMitm(setting.mitm, { scheme: "https", port }, authority.file);
  try {
    const caFile = `${setting.folder}/delay-ca.pem`;
    await Deno.writeTextFile(caFile, proxy.ca);
    const direct: Download[] = [];
    const proxied: Download[] = [];
    // Warming up: what is interpreted gets compiled as it runs.
    await download(curl, proxy.port, caFile);
    for (let round = 0; round < options.rounds; round++) {
      setting.limit.check();
      direct.push(await download(curl, port, authority.file));
      proxied.push(await download(curl, proxy.port, caFile));
    }
    return report(direct, proxied, notes);
  } finally {
    const odd = await proxy.process.stop();
    if (odd !== null) notes.push(odd);
    await relay.stop();
  }
}

async function startRelay(toPort: number): Promise<{ relay: RunningProgram; port: number }> {
  const script = fileURLToPath(new URL("../tests/kit/delaying_relay.ts", import.meta.url));
  const port = Promise.withResolvers<number>();
  const args = ["run", "--quiet", "--no-check", "--allow-net", script, String(toPort), String(DELAY)];
  const relay = new RunningProgram("the relay", Deno.execPath(), args, {
    onLine: (line) => port.resolve(Number(line)),
  });
  return { relay, port: await within(LIMIT, "starting the relay", port.promise) };
}

async function download(curl: string, port: number, caFile: string): Promise<Download> {
  const args = [
    "--disable",
    "--silent",
    "--show-error",
    "--http2",
    "--noproxy",
    "*",
    "--cacert",
    caFile,
    "--output",
    "/dev/null",
    "--write-out",
    "%{http_version} %{http_code} %{size_download} %{time_total}\n",
    `https://localhost:${port}${LONG.path}`,
  ];
  const { text } = await outputOf(curl, args, LIMIT);
  const found = /^2 200 (\d+) ([\d.]+)$/m.exec(text);
  if (found === null) throw new Error(`curl: ${text.trim()}`);
  const result = { bytes: Number(found[1]), seconds: Number(found[2]) };
  if (result.bytes !== LONG.size) throw new Error(`${result.bytes} bytes came instead of ${LONG.size}`);
  return result;
}

function report(direct: readonly Download[], proxied: readonly Download[], notes: string[]): RowReport {
  const rates = (downloads: readonly Download[]) =>
    downloads.map(({ bytes, seconds }) => bytes / 1_000_000 / seconds);
  const measured = ratioOf(rates(proxied), rates(direct));
  const check: Check = {
    name: "mitm : direct",
    meaning: "",
    measured,
    unit: "x",
    target: TARGET,
    verdict: judge(measured.value, TARGET, true),
  };
  const line = (name: string, downloads: readonly Download[]): string[] => {
    const { value, lowest, highest } = spreadOf(rates(downloads));
    const seconds = median(downloads.map((each) => each.seconds));
    return [name, figure(value), figure(lowest), figure(highest), figure(seconds)];
  };
  return {
    ...http2DelayRow,
    table: [
      ["through", "MB/s", "lowest", "highest", "seconds"],
      line("direct", direct),
      line("mitm", proxied),
    ],
    checks: [check],
    faults: [],
    notes,
    figures: { delay_milliseconds: DELAY, direct, mitm: proxied },
  };
}
