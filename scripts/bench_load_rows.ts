// What wrk and h2load are made to ask for, through which proxies, and which of them are compared: their rows, as data.

import type { Target } from "./bench_figures.ts";
import { MEBIBYTE, TINY } from "./bench_nginx.ts";

/** What stands between the load and the origin. */
export type Subject =
  | "direct"
  | "nginx"
  | "nginx as mitm"
  | "mitm"
  | "mitm -k"
  | "mitm console"
  | "mitm --no-console"
  | "mitm --detail 0"
  | "mitmdump";

export interface Comparison {
  of: Subject;
  to: Subject;
  /** The ratio of their rates. */
  target: Target | null;
  /** What makes them unlike each other. */
  meaning: string;
}

/** What every row of load is. */
export interface ComparedRow {
  name: string;
  title: string;
  subjects: readonly Subject[];
  comparisons: readonly Comparison[];
}

export interface HttpLoadRow extends ComparedRow {
  resource: { path: string; size: number };
  connections: number;
  tls: boolean;
  /** HTTP/2, from h2load: requests at once on each connection. Null: HTTP/1.1, from wrk. */
  streams: number | null;
  /** What the origin speaks; nginx as a proxy speaks HTTP/1.1 to it in any case. */
  origin: "HTTP/1.1" | "HTTP/2";
  /** A new connection for each request, on both legs. */
  close: boolean;
}

const atLeast = (value: number): Target => ({ kind: "at-least", value });
const subjects: Subject[] = ["direct", "nginx", "mitm", "mitmdump"];

function compare(nginx: number | null, mitmdump: number | null): Comparison[] {
  return [
    { of: "mitm", to: "nginx", target: nginx === null ? null : atLeast(nginx), meaning: "" },
    { of: "mitm", to: "mitmdump", target: mitmdump === null ? null : atLeast(mitmdump), meaning: "" },
  ];
}

export const httpLoadRows: readonly HttpLoadRow[] = [
  {
    name: "tiny-plain",
    title: "GET of 2 bytes, keep-alive, 32 connections, both legs plain, flows recorded",
    resource: TINY,
    connections: 32,
    tls: false,
    streams: null,
    origin: "HTTP/1.1",
    close: false,
    subjects,
    comparisons: compare(0.45, 14),
  },
  {
    name: "tiny-tls",
    title: "GET of 2 bytes, keep-alive, 32 connections, both legs TLS, flows recorded",
    resource: TINY,
    connections: 32,
    tls: true,
    streams: null,
    origin: "HTTP/1.1",
    close: false,
    subjects,
    comparisons: compare(0.45, 12),
  },
  {
    name: "large-plain",
    title: "GET of 1 MiB, keep-alive, 16 connections, both legs plain, flows recorded",
    resource: MEBIBYTE,
    connections: 16,
    tls: false,
    streams: null,
    origin: "HTTP/1.1",
    close: false,
    subjects,
    comparisons: compare(null, null),
  },
  {
    name: "large-tls",
    title: "GET of 1 MiB, keep-alive, 16 connections, both legs TLS, flows recorded",
    resource: MEBIBYTE,
    connections: 16,
    tls: true,
    streams: null,
    origin: "HTTP/1.1",
    close: false,
    subjects,
    comparisons: compare(0.7, null),
  },
  {
    name: "tiny-h2",
    title: "GET of 2 bytes, HTTP/2 on both legs, 4 connections of 32 streams, TLS, flows recorded",
    resource: TINY,
    connections: 4,
    tls: true,
    streams: 32,
    origin: "HTTP/2",
    close: false,
    subjects,
    comparisons: compare(0.35, 9),
  },
  {
    name: "tiny-h2-h1",
    title: "GET of 2 bytes, HTTP/2 in and HTTP/1.1 out, 4 connections of 32 streams, TLS, flows recorded",
    resource: TINY,
    connections: 4,
    tls: true,
    streams: 32,
    origin: "HTTP/1.1",
    close: false,
    // mitmdump gives its clients what the origin speaks.
    subjects: ["direct", "nginx", "mitm"],
    comparisons: compare(0.35, null),
  },
  {
    name: "new-tls",
    title: "GET of 2 bytes, a new TLS connection for each on both legs, 32 at a time",
    resource: TINY,
    connections: 32,
    tls: true,
    streams: null,
    origin: "HTTP/1.1",
    close: true,
    subjects: ["direct", "nginx", "nginx as mitm", "mitm", "mitm -k", "mitmdump"],
    comparisons: [
      {
        of: "mitm",
        to: "nginx",
        target: atLeast(0.35),
        meaning:
          "mitm verifies the origin; nginx as it comes does not, and resumes the origin's TLS sessions",
      },
      {
        of: "mitm",
        to: "nginx as mitm",
        target: null,
        meaning: "both verify the origin, with a full handshake each time",
      },
      {
        of: "mitm -k",
        to: "nginx",
        target: null,
        meaning: "neither verifies the origin; nginx resumes its TLS sessions",
      },
      {
        of: "mitm",
        to: "mitmdump",
        target: atLeast(4),
        meaning: "mitm verifies the origin, mitmdump does not",
      },
      { of: "mitm -k", to: "mitmdump", target: null, meaning: "neither verifies the origin" },
    ],
  },
];
