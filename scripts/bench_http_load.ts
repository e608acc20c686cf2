// What puts load on the rows with HTTP: wrk, and h2load for HTTP/2.

import { runH2load } from "./bench_h2load.ts";
import { checkAnswer } from "./bench_http.ts";
import type { Entrant, LoadDriver } from "./bench_load.ts";
import type { HttpLoadRow, Subject } from "./bench_load_rows.ts";
import type { NginxProxy } from "./bench_nginx.ts";
import type { RunningProgram } from "./bench_process.ts";
import { type RunningProxy, startMitm, startMitmdump } from "./bench_proxies.ts";
import type { Setting } from "./bench_setting.ts";
import { faultOf, type LoadResult, runWrk } from "./bench_wrk.ts";

export function httpDriver(row: HttpLoadRow, setting: Setting): LoadDriver<LoadResult> {
  const { size, path } = row.resource;
  return {
    unit: "request",
    rateName: "requests/s",
    rate: ({ requests, duration }) => requests / duration,
    // wrk does not count the handshakes: its latencies would flatter new connections.
    hasLatencies: !row.close,
    enter: (subject) => enter(row, subject, setting),
    check: ({ port, ca }) => checkAnswer({ port, ca }, path, size),
    measure: async (entrant, seconds, atEdge) => {
      atEdge();
      const result = await measure(row, entrant, setting, seconds);
      atEdge();
      return result;
    },
    fault: (result) => faultOf(result, size, row.streams === null ? "wrk" : "h2load"),
  };
}

/** Null when what it takes is not installed. */
async function enter(row: HttpLoadRow, subject: Subject, setting: Setting): Promise<Entrant | null> {
  const { origin, nginx, mitmdump, authority } = setting;
  const originPort = !row.tls ? origin.plain : row.origin === "HTTP/2" ? origin.http2 : origin.tls;
  const at = (port: number, ca: string, process: RunningProgram | null, isOwn = false): Entrant => ({
    port,
    ca: row.tls ? ca : null,
    tunnelTo: null,
    process,
    isOwn,
  });
  const proxied = async (starting: Promise<RunningProxy>): Promise<Entrant> => {
    const { port, ca, process } = await starting;
    return at(port, ca, process, true);
  };
  const target = { scheme: row.tls ? "https" as const : "http" as const, port: originPort };
  switch (subject) {
    case "direct":
      // h2load speaks nothing else.
      return at(row.streams === null ? originPort : origin.http2, authority.pem, null);
    case "nginx":
      return nginx === null ? null : at(nginxPort(row, nginx), authority.pem, nginx.process);
    case "nginx as mitm":
      return nginx === null ? null : at(nginx.newTlsVerified, authority.pem, nginx.process);
    case "mitm":
      return await proxied(startMitm(setting.mitm, target, authority.file));
    case "mitm -k":
      return await proxied(startMitm(setting.mitm, target, null));
    case "mitmdump":
      if (mitmdump === null) return null;
      return await proxied(
        startMitmdump(mitmdump, `${setting.folder}/mitmdump`, target, row.streams !== null),
      );
    case "mitm console":
    case "mitm --no-console":
    case "mitm --detail 0":
      throw new Error(`${subject} is started by its own row`);
  }
}

function nginxPort(row: HttpLoadRow, nginx: NginxProxy): number {
  if (row.streams !== null) return nginx.http2;
  return row.close ? nginx.newTls : row.tls ? nginx.tls : nginx.plain;
}

async function measure(
  { tls, resource, connections, streams, close }: HttpLoadRow,
  { port }: Entrant,
  { wrk, wrkScript, h2load, folder }: Setting,
  seconds: number,
): Promise<LoadResult> {
  const url = `${tls ? "https" : "http"}://localhost:${port}${resource.path}`;
  return streams === null
    ? await runWrk(wrk, wrkScript, { url, connections, seconds, close })
    : await runH2load(present(h2load), `${folder}/h2load.log`, { url, connections, streams, seconds });
}

function present(h2load: string | null): string {
  if (h2load === null) throw new Error("h2load is missing; on Debian: apt-get install nghttp2-client");
  return h2load;
}
