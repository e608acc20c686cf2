// The one table of options. Flags, `--set`, config.yaml, `--help`, shell completions and the table in the README
// are all made from it. Names are in snake_case; a flag with no value stands for its `bare` text.

import { listenHost, mode, pattern, patternsOrAll, resolveRule } from "./address_types.ts";
import {
  boolean,
  choice,
  duration,
  durationOrNever,
  integer,
  list,
  optional,
  type OptionType,
  path,
  type SingleType,
  size,
} from "./option_types.ts";
import { filter } from "./filter_type.ts";
import type { Detail } from "./format_event.ts";

export type OptionGroup =
  | "Listening"
  | "Hosts"
  | "TLS"
  | "HTTP"
  | "Flows"
  | "Console"
  | "Timeouts and limits"
  | "Output"
  | "Configuration";

export interface OptionDefinition<Value> {
  readonly type: OptionType<Value>;
  readonly default: Value;
  /** One sentence, its first letter large, with a full stop. */
  readonly help: string;
  /** "--listen-port" */
  readonly flag: string;
  /** "-p" */
  readonly short?: string;
  /** What stands for the value in help; null when the flag takes none. */
  readonly valueName: string | null;
  /** What the flag means when no value follows; null when one must. */
  readonly bare: string | null;
  readonly group: OptionGroup;
  /** Whether it may change while the proxy runs. */
  readonly live: boolean;
  /** An option that cannot be true at the same time. */
  readonly contradicts?: string;
  /** Cannot stand in config.yaml, which it helps to find. */
  readonly commandLineOnly?: true;
}

function option<Value>(
  type: OptionType<Value>,
  fallback: Value,
  rest: Omit<OptionDefinition<Value>, "type" | "default" | "bare"> & { bare?: string },
): OptionDefinition<Value> {
  return { bare: null, ...rest, type, default: fallback };
}

type ToggleRest = Omit<OptionDefinition<boolean>, "type" | "default" | "bare" | "valueName">;

/** A flag without a value. */
function toggle(rest: ToggleRest): OptionDefinition<boolean> {
  return { ...rest, type: boolean, default: false, bare: "true", valueName: null };
}

/** A flag "--no-NAME" for what is on without it. */
function switchOff(rest: ToggleRest): OptionDefinition<boolean> {
  return { ...rest, type: boolean, default: true, bare: "false", valueName: null };
}

const MEBIBYTE = 1024 * 1024;
const SECOND = 1000;
const anyPort = integer(0, 65535, "a port from 0 to 65535, with 0 for any that is free");
// The range is that of the type.
const detailLevel = integer(0, 3) as SingleType<Detail>;
const pemFile = path("file", "the path of a PEM file");

export const options = {
  listen_port: option(anyPort, 8080, {
    help: "The port to listen on; 0 takes any that is free.",
    flag: "--listen-port",
    short: "-p",
    valueName: "PORT",
    group: "Listening",
    live: false,
  }),
  listen_host: option(listenHost, "127.0.0.1", {
    help: "The address to listen on.",
    flag: "--listen-host",
    valueName: "ADDRESS",
    group: "Listening",
    live: false,
  }),
  mode: option(mode, { kind: "regular" }, {
    help: "What clients find here: a proxy (regular), or one origin (reverse:http://HOST[:PORT], " +
      "reverse:https://HOST[:PORT] or reverse:tcp://HOST:PORT).",
    flag: "--mode",
    short: "-m",
    valueName: "MODE",
    group: "Listening",
    live: false,
  }),
  tcp_hosts: option(list(pattern), [], {
    help: "Forward matching hosts as raw TCP, with TLS intercepted (repeatable).",
    flag: "--tcp",
    valueName: "HOST",
    group: "Hosts",
    live: true,
  }),
  ignore_hosts: option(list(pattern), [], {
    help: "Let matching hosts pass untouched, TLS included (repeatable).",
    flag: "--ignore",
    valueName: "HOST",
    group: "Hosts",
    live: true,
  }),
  allow_hosts: option(list(pattern), [], {
    help: "Intercept only matching hosts and let all others pass untouched (repeatable).",
    flag: "--allow",
    valueName: "HOST",
    group: "Hosts",
    live: true,
  }),
  h2c_hosts: option(list(pattern), [], {
    help: "Speak HTTP/2 without TLS to matching origins, which are known to take it (repeatable).",
    flag: "--h2c",
    valueName: "HOST",
    group: "Hosts",
    live: true,
  }),
  resolve: option(list(resolveRule), [], {
    help: "Dial ADDR where HOST:PORT is asked for; HOST may be *, IPv6 stands in brackets (repeatable).",
    flag: "--resolve",
    valueName: "HOST:PORT:ADDR[:PORT]",
    group: "Hosts",
    live: true,
  }),
  insecure: option<true | readonly RegExp[]>(patternsOrAll, [], {
    help: "Accept any certificate from matching origins, or from all when no HOST is given (repeatable).",
    flag: "--insecure",
    short: "-k",
    valueName: "HOST",
    bare: "true",
    group: "TLS",
    live: true,
  }),
  upstream_ca: option(list(pemFile), [], {
    help: "Trust the certificates in this PEM file too when verifying origins (repeatable).",
    flag: "--upstream-ca",
    valueName: "FILE",
    group: "TLS",
    live: false,
  }),
  client_cert: option(
    optional(path("file", "the path of a PEM file, or of a folder of HOST.pem files")),
    null,
    {
      help:
        "Show origins that ask for one this certificate: a PEM file with its key, or a folder of HOST.pem.",
      flag: "--client-cert",
      valueName: "FILE|DIR",
      group: "TLS",
      live: false,
    },
  ),
  ca: option(optional(pemFile), null, {
    help: "Sign with the CA certificate and key in this PEM file instead of the one in the config folder.",
    flag: "--ca",
    valueName: "FILE",
    group: "TLS",
    live: false,
  }),
  passthrough_on_reject: toggle({
    help: "Let a host pass untouched once a client has rejected the certificate made for it.",
    flag: "--passthrough-on-reject",
    group: "TLS",
    live: true,
  }),
  lenient: toggle({
    help: "Forgive bare line feeds and folded header lines instead of refusing the message.",
    flag: "--lenient",
    group: "HTTP",
    live: true,
  }),
  http2: switchOff({
    help: "Speak HTTP/1 only, to clients and to origins.",
    flag: "--no-http2",
    group: "HTTP",
    live: true,
  }),
  http2_priority: toggle({
    help: "Forward the priorities that HTTP/2 clients give their requests.",
    flag: "--http2-priority",
    group: "HTTP",
    live: true,
  }),
  keep_host_header: toggle({
    help: "Reverse mode: pass the client's Host field through, instead of the origin's name.",
    flag: "--keep-host-header",
    group: "HTTP",
    live: true,
  }),
  body_size_limit: option(optional(size(0)), null, {
    help: "Refuse a larger body, with 413 to a client and 502 for an origin's.",
    flag: "--body-size-limit",
    valueName: "SIZE",
    group: "HTTP",
    live: true,
  }),
  capture_limit: option(size(0), MEBIBYTE, {
    help: "How much of each body, and of each TCP conversation, is kept to look at.",
    flag: "--capture-limit",
    valueName: "SIZE",
    group: "Flows",
    live: true,
  }),
  flow_budget: option(size(1), 128 * MEBIBYTE, {
    help: "How much memory all kept flows may take; the oldest go first.",
    flag: "--flow-budget",
    valueName: "SIZE",
    group: "Flows",
    live: false,
  }),
  flow_limit: option(integer(1, 100_000_000), 50_000, {
    help: "How many flows are kept; the oldest go first.",
    flag: "--flow-limit",
    valueName: "N",
    group: "Flows",
    live: false,
  }),
  console: switchOff({
    help: "Print the event log instead of showing the console, as without a terminal.",
    flag: "--no-console",
    group: "Console",
    live: false,
  }),
  filter: option(optional(filter), null, {
    help: "Show only flows that match this filter, in the console and in the log; it may also stand alone.",
    flag: "--filter",
    valueName: "FILTER",
    group: "Console",
    live: true,
  }),
  intercept: option(optional(filter), null, {
    help: "Hold what matches this filter for a person at the console.",
    flag: "--intercept",
    valueName: "FILTER",
    group: "Console",
    live: true,
  }),
  connect_timeout: option(duration, 10 * SECOND, {
    help: "How long connecting to an origin may take.",
    flag: "--connect-timeout",
    valueName: "TIME",
    group: "Timeouts and limits",
    live: true,
  }),
  tls_timeout: option(duration, 10 * SECOND, {
    help: "How long a TLS handshake may take.",
    flag: "--tls-timeout",
    valueName: "TIME",
    group: "Timeouts and limits",
    live: true,
  }),
  head_timeout: option(duration, 30 * SECOND, {
    help: "How long a request head may take from its first byte to its last.",
    flag: "--head-timeout",
    valueName: "TIME",
    group: "Timeouts and limits",
    live: true,
  }),
  idle_timeout: option(duration, 120 * SECOND, {
    help: "How long a connection is kept open without a request.",
    flag: "--idle-timeout",
    valueName: "TIME",
    group: "Timeouts and limits",
    live: true,
  }),
  stall_timeout: option(duration, 600 * SECOND, {
    help: "How long an exchange or a tunnel may go without a byte moving.",
    flag: "--stall-timeout",
    valueName: "TIME",
    group: "Timeouts and limits",
    live: true,
  }),
  http2_ping_keepalive: option(durationOrNever, 58 * SECOND, {
    help: "How long an HTTP/2 connection to an origin may be silent before it is sent a PING; 0 sends none.",
    flag: "--http2-ping-keepalive",
    valueName: "TIME",
    group: "Timeouts and limits",
    live: true,
  }),
  connection_limit: option(integer(1, 1_000_000), 4096, {
    help: "How many client connections may be open at once.",
    flag: "--connection-limit",
    valueName: "N",
    group: "Timeouts and limits",
    live: true,
  }),
  detail: option(detailLevel, 1, {
    help: "How much of flows the log shows: 0 nothing, 1 a line for each, 2 heads too, 3 bodies too.",
    flag: "--detail",
    valueName: "N",
    group: "Output",
    live: true,
  }),
  log_format: option(choice("text", "json"), "text", {
    help: "Whether the log is text or one JSON object a line.",
    flag: "--log-format",
    valueName: "FORMAT",
    group: "Output",
    live: false,
  }),
  color: option(choice("auto", "always", "never"), "auto", {
    help: "Whether the log is coloured; auto: on a terminal, unless NO_COLOR is set.",
    flag: "--color",
    valueName: "WHEN",
    group: "Output",
    live: false,
  }),
  quiet: toggle({
    help: "Log nothing but errors.",
    flag: "--quiet",
    short: "-q",
    group: "Output",
    live: false,
  }),
  verbose: toggle({
    help: "Log what happens on connections too.",
    flag: "--verbose",
    short: "-v",
    group: "Output",
    live: false,
    contradicts: "quiet",
  }),
  confdir: option(path("folder", "the path of a folder"), "~/.mitm", {
    help: "The folder of config.yaml and of mitm's own CA.",
    flag: "--confdir",
    valueName: "DIR",
    group: "Configuration",
    live: false,
    commandLineOnly: true,
  }),
};

export type OptionName = keyof typeof options;

type ValueOf<Definition> = Definition extends OptionDefinition<infer Value> ? Value : never;

/** A value for every option. */
export type OptionValues = { [Name in OptionName]: ValueOf<(typeof options)[Name]> };

/** A flag that is no option: it cannot be set in any other way. */
export interface GeneralFlag {
  readonly flag: string;
  readonly short?: string;
  readonly valueName: string | null;
  readonly help: string;
}

export const generalFlags = {
  set: {
    flag: "--set",
    valueName: "NAME=VALUE",
    help: "Set any option by its name in snake_case (repeatable).",
  },
  version: { flag: "--version", valueName: null, help: "Print the version and end." },
  help: { flag: "--help", short: "-h", valueName: null, help: "Print this help and end." },
} as const satisfies Record<string, GeneralFlag>;

/** The shells `mitm completions` knows. */
export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** An option of any type, with its name. */
export interface AnyOption extends OptionDefinition<unknown> {
  readonly name: OptionName;
}

/** All options, in the order of help. */
export const optionList: readonly AnyOption[] = Object.entries(options).map(([name, definition]) => ({
  ...definition as unknown as OptionDefinition<unknown>,
  name: name as OptionName,
}));

export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(options, name);
}

/** The default as text: "8080", "10s", "none". */
export function defaultText(option: AnyOption): string {
  const { type } = option;
  const text = type.shape === "list" ? type.format(option.default).join(", ") : type.format(option.default);
  return text === "" ? "none" : text;
}
