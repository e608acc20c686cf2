// Which hosts an option means: regular expressions, searched without case in "host", "host:port" and the SNI.

import { formatHostPort } from "../http/target.ts";
import type { Endpoint } from "../net/transport.ts";
import type { Settings } from "./settings.ts";

/** Whether any pattern is found in the host, in "host:port", or in the server name of a TLS hello. */
export function matchesHost(
  patterns: readonly RegExp[],
  target: Endpoint,
  serverName: string | null,
): boolean {
  if (patterns.length === 0) return false;
  const texts = [target.host, formatHostPort(target.host, target.port)];
  if (serverName !== null) texts.push(serverName, formatHostPort(serverName, target.port));
  // `search` ignores lastIndex, so a pattern with a "g" flag is safe too.
  return patterns.some((pattern) => texts.some((text) => text.search(pattern) >= 0));
}

/** `--ignore` and `--allow`: whether the bytes pass untouched. */
export function passesUntouched(settings: Settings, target: Endpoint, serverName: string | null): boolean {
  if (matchesHost(settings.ignoreHosts, target, serverName)) return true;
  return settings.allowHosts.length > 0 && !matchesHost(settings.allowHosts, target, serverName);
}

/** `--tcp`. */
export function isRawTcp(settings: Settings, target: Endpoint, serverName: string | null): boolean {
  return matchesHost(settings.tcpHosts, target, serverName);
}

/** `--insecure`. */
export function isInsecure(settings: Settings, target: Endpoint, serverName: string | null): boolean {
  return settings.insecure === true || matchesHost(settings.insecure, target, serverName);
}

/** `--resolve`: where to dial for `target`. The last matching rule counts; "*" stands for any host. */
export function resolveOverride(settings: Settings, target: Endpoint): Endpoint {
  const name = target.host.toLowerCase();
  for (const rule of settings.resolve.toReversed()) {
    if (rule.port === target.port && (rule.host === "*" || rule.host.toLowerCase() === name)) {
      return { host: rule.address, port: rule.toPort };
    }
  }
  return target;
}
