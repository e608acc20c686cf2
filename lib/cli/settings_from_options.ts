// Option values to the proxy's Settings: files are read, "~/" is resolved. What is wrong with a file is a
// UsageError of the environment that names option and path.

import { join, resolve } from "node:path";
import { latin1Decode } from "../bytes/latin1.ts";
import type { Settings } from "../proxy/settings.ts";
import { pemFault } from "../tls/pem_fault.ts";
import { CONFIG_FILE, readConfigFile } from "./config_file.ts";
import { type Assignment, optionValues } from "./option_values.ts";
import { type OptionName, options, type OptionValues } from "./options_table.ts";
import { EXIT_ENVIRONMENT, fileReason, quote, UsageError } from "./usage_error.ts";

/** The bundles of all public CAs take some 250 KiB; a larger file is not one, and may have no end. */
const MAX_PEM_SIZE = 16 * 1024 * 1024;

export interface LoadedOptions {
  values: OptionValues;
  settings: Settings;
  /** Where config.yaml and mitm's own CA are; an absolute path. */
  configFolder: string;
  /** The file of a CA to use instead; null: the one in the folder. */
  authorityFile: string | null;
}

/** Default, config.yaml, command line; then the files they name. */
export async function loadOptions(commandLine: readonly Assignment[]): Promise<LoadedOptions | UsageError> {
  const preliminary = optionValues(commandLine);
  if (preliminary instanceof UsageError) return preliminary;
  const folder = inHome(preliminary.confdir, "confdir");
  if (folder instanceof UsageError) return folder;
  const configFolder = resolve(folder);
  const configured = await readConfigFile(join(configFolder, CONFIG_FILE));
  if (configured instanceof UsageError) return configured;
  const values = optionValues(configured, commandLine);
  if (values instanceof UsageError) return values;
  const authorityFile = values.ca === null ? null : inHome(values.ca, "ca");
  if (authorityFile instanceof UsageError) return authorityFile;
  const settings = await settingsFromOptions(values);
  if (settings instanceof UsageError) return settings;
  return { values, settings, configFolder, authorityFile: authorityFile && resolve(authorityFile) };
}

export async function settingsFromOptions(values: OptionValues): Promise<Settings | UsageError> {
  const upstreamCa = await readUpstreamCa(values.upstream_ca);
  if (upstreamCa instanceof UsageError) return upstreamCa;
  const clientCertificate = await checkClientCertificate(values.client_cert);
  if (clientCertificate instanceof UsageError) return clientCertificate;
  return {
    mode: values.mode,
    listenHost: values.listen_host,
    listenPort: values.listen_port,
    tcpHosts: [...values.tcp_hosts],
    ignoreHosts: [...values.ignore_hosts],
    allowHosts: [...values.allow_hosts],
    h2cHosts: [...values.h2c_hosts],
    resolve: [...values.resolve],
    insecure: values.insecure === true ? true : [...values.insecure],
    upstreamCa,
    clientCertificate,
    passthroughOnReject: values.passthrough_on_reject,
    lenient: values.lenient,
    http2: values.http2,
    http2Priority: values.http2_priority,
    keepHostHeader: values.keep_host_header,
    bodySizeLimit: values.body_size_limit,
    captureLimit: values.capture_limit,
    flowBudget: values.flow_budget,
    flowLimit: values.flow_limit,
    connectTimeout: values.connect_timeout,
    tlsTimeout: values.tls_timeout,
    headTimeout: values.head_timeout,
    idleTimeout: values.idle_timeout,
    stallTimeout: values.stall_timeout,
    http2PingKeepalive: values.http2_ping_keepalive,
    connectionLimit: values.connection_limit,
  };
}

/** `path` with a leading "~/" put in full. An error where the environment names no home folder. */
export function inHome(path: string, name: OptionName): string | UsageError {
  if (path !== "~" && !/^~[/\\]/.test(path)) return path;
  const home = Deno.env.get("HOME") || Deno.env.get("USERPROFILE");
  if (home) return join(home, path.slice(1));
  return new UsageError(
    `${options[name].flag}: ${quote(path)} needs the home folder, but neither HOME nor USERPROFILE is set; ` +
      "accepted: a path without ~",
    EXIT_ENVIRONMENT,
  );
}

async function readUpstreamCa(files: readonly string[]): Promise<string[] | UsageError> {
  const texts: string[] = [];
  for (const file of files) {
    const path = inHome(file, "upstream_ca");
    if (path instanceof UsageError) return path;
    const text = await readPemFile(path, "upstream_ca");
    if (text instanceof UsageError) return text;
    const fault = pemFault(text, ["CERTIFICATE"]);
    if (fault !== null) return fileFault("upstream_ca", path, fault);
    texts.push(text);
  }
  return texts;
}

/** The files of a folder are read when their host is connected to; here it is only seen whether the path is good. */
async function checkClientCertificate(file: string | null): Promise<string | null | UsageError> {
  if (file === null) return null;
  const path = inHome(file, "client_cert");
  if (path instanceof UsageError) return path;
  try {
    if ((await Deno.stat(path)).isDirectory) {
      for await (const _ of Deno.readDir(path)) break;
      return path;
    }
  } catch (error) {
    return fileFault("client_cert", path, fileReason(error));
  }
  const text = await readPemFile(path, "client_cert");
  if (text instanceof UsageError) return text;
  const fault = pemFault(text, ["CERTIFICATE", "PRIVATE KEY"]);
  return fault === null ? path : fileFault("client_cert", path, fault);
}

/** The whole file as a byte-true string. */
async function readPemFile(path: string, name: OptionName): Promise<string | UsageError> {
  try {
    using file = await Deno.open(path, { read: true });
    const pieces: string[] = [];
    const buffer = new Uint8Array(64 * 1024);
    for (let size = 0, count = await file.read(buffer); count !== null; count = await file.read(buffer)) {
      size += count;
      if (size > MAX_PEM_SIZE) return fileFault(name, path, "it is too large to be a PEM file");
      pieces.push(latin1Decode(buffer, 0, count));
    }
    return pieces.join("");
  } catch (error) {
    return fileFault(name, path, fileReason(error));
  }
}

function fileFault(name: OptionName, path: string, reason: string): UsageError {
  const { flag, type } = options[name];
  return new UsageError(
    `${flag}: cannot use ${path}: ${reason}; accepted: ${type.accepts}`,
    EXIT_ENVIRONMENT,
  );
}
