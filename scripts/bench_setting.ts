// What all rows of a run share: programs, origins, certificates, options, and the time that is left.

import type { NginxProxy } from "./bench_nginx.ts";
import type { BenchOptions } from "./bench_options.ts";
import type { Mitm } from "./bench_proxies.ts";

export interface Setting {
  options: BenchOptions;
  limit: TimeLimit;
  /** All files of the run; gone after it. */
  folder: string;
  wrk: string;
  /** The path of the script that makes wrk print figures. */
  wrkScript: string;
  /** The path of the program, or null where it is not installed. */
  h2load: string | null;
  /** The same for util-linux's `script`, which gives a program a terminal. */
  script: string | null;
  mitm: Mitm;
  /** The path of the program, or null where it is not installed. */
  mitmdump: string | null;
  /** Ports of the origin; `tls` speaks HTTP/1.1 alone, `http2` both; `websocket` echoes over TLS. */
  origin: { plain: number; tls: number; http2: number; websocket: number };
  /** Null where nginx is not installed. */
  nginx: NginxProxy | null;
  /** The CA of the origin and of nginx, and a certificate of it for localhost and 127.0.0.1. */
  authority: { pem: string; file: string; leaf: { cert: string; key: string } };
}

/** The run has taken its time: what is not measured yet is left out. */
export class OutOfTime extends Error {
  constructor() {
    super("the time of the run is over");
  }
}

export class TimeLimit {
  readonly #end: number;

  constructor(seconds: number) {
    this.#end = performance.now() + seconds * 1000;
  }

  /** Throws OutOfTime when it is over. */
  check(): void {
    if (performance.now() > this.#end) throw new OutOfTime();
  }
}
