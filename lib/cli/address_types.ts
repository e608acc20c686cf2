// Option types that name hosts: the mode, patterns, `--resolve` rules, the address to listen on.
// Patterns are regular expressions searched without case (see lib/proxy/settings.ts for where).

import { isIP } from "node:net";
import { formatHostPort, parseAuthority } from "../http/target.ts";
import type { ModeSetting, ResolveRule } from "../proxy/settings.ts";
import { InvalidValue, type ListType, type SingleType } from "./option_types.ts";

const plain = { shape: "single", clearable: false, path: null, choices: [] } as const;

export const mode: SingleType<ModeSetting> = {
  ...plain,
  accepts: "regular, reverse:http://HOST[:PORT], reverse:https://HOST[:PORT] or reverse:tcp://HOST:PORT",
  choices: ["regular", "reverse:http://", "reverse:https://", "reverse:tcp://"],
  parse(text) {
    if (text === "regular") return { kind: "regular" };
    const parts = /^reverse:(http|https|tcp):\/\/([^/?#]*)(.*)$/s.exec(text);
    if (parts === null) return new InvalidValue("is not a mode");
    const [, scheme = "", authority = "", rest = ""] = parts;
    if (rest !== "" && rest !== "/") return new InvalidValue("names a path, but a mode ends with the host");
    if (scheme === "tcp") {
      const target = parseAuthority(authority, null);
      if (target === null) return new InvalidValue("does not name a host and a port");
      return { kind: "reverse", scheme, ...target };
    }
    const target = parseAuthority(authority, scheme === "https" ? 443 : 80);
    if (target === null) return new InvalidValue("does not name a host");
    return { kind: "reverse", scheme: scheme === "https" ? "https" : "http", ...target };
  },
  format: (value) =>
    value.kind === "regular"
      ? "regular"
      : `reverse:${value.scheme}://${formatHostPort(value.host, value.port)}`,
};

export const pattern: SingleType<RegExp> = {
  ...plain,
  accepts: "a regular expression, searched without case in the host and in host:port",
  parse(text) {
    if (text === "") return new InvalidValue("is empty (. matches every host)");
    try {
      return new RegExp(text, "i");
    } catch (error) {
      const reason = error instanceof Error ? error.message.replace(/^.*: /s, "") : "";
      const hint = /^\*/.test(text) ? ", .* stands for any text" : "";
      return new InvalidValue(`is not a regular expression (${reason.toLowerCase()}${hint})`);
    }
  },
  format: (value) => value.source,
};

/** Every host (`true`), none (`false`, which forgets what came before), or those that match. */
export const patternsOrAll: ListType<true | readonly RegExp[]> = {
  shape: "list",
  accepts: "true for every host, false for none, or " + pattern.accepts,
  path: null,
  choices: [],
  empty: [],
  alone: ["true", "false"],
  add(before, text) {
    if (text === "false") return [];
    if (text === "true") {
      const first = before === true || before.length === 0;
      return first ? true : new InvalidValue("(every host) contradicts the pattern before it");
    }
    if (before === true) return new InvalidValue("contradicts the choice of every host before it");
    const value = pattern.parse(text);
    return value instanceof InvalidValue ? value : [...before, value];
  },
  format: (value) => value === true ? ["true"] : value.map((each) => pattern.format(each)),
};

export const listenHost: SingleType<string> = {
  ...plain,
  accepts: "an IP address or a host name of this machine, without a port",
  choices: ["127.0.0.1", "0.0.0.0", "::1", "::"],
  parse(text) {
    const bare = /^\[(.*)\]$/s.exec(text)?.[1] ?? text;
    return isIP(bare) !== 0 || isHostName(text) ? bare : new InvalidValue("is not an address to listen on");
  },
  format: (value) => value,
};

/** `HOST:PORT:ADDRESS[:PORT]`; HOST may be `*`; an IPv6 address, as host or as address, stands in brackets. */
export const resolveRule: SingleType<ResolveRule> = {
  ...plain,
  accepts: "HOST:PORT:ADDRESS[:PORT], with HOST * for every host and IPv6 addresses in brackets",
  parse(text) {
    const parts = /^(\[[^\]]*\]|[^:[\]]*):([0-9]*):(\[[^\]]*\]|[^:[\]]*)(?::([0-9]*))?$/.exec(text);
    if (parts === null) return new InvalidValue("is not HOST:PORT:ADDRESS[:PORT]");
    const host = parts[1] === "*" ? "*" : hostOf(parts[1] ?? "");
    if (host === null) return new InvalidValue("does not start with a host");
    const port = portOf(parts[2] ?? "");
    if (port === null) return new InvalidValue("does not name a port from 1 to 65535 after the host");
    const address = hostOf(parts[3] ?? "");
    if (address === null) return new InvalidValue("does not name an address after the port");
    const toPort = parts[4] === undefined ? port : portOf(parts[4]);
    if (toPort === null) return new InvalidValue("does not end with a port from 1 to 65535");
    return { host, port, address, toPort };
  },
  format: (rule) => {
    const to = rule.port === rule.toPort
      ? formatHostPort(rule.address, 0).slice(0, -":0".length)
      : formatHostPort(rule.address, rule.toPort);
    return `${formatHostPort(rule.host, rule.port)}:${to}`;
  },
};

/** The host, brackets taken off, a name in lower case; null when it is none. */
function hostOf(text: string): string | null {
  if (text.startsWith("[")) {
    const address = text.slice(1, -1);
    return isIP(address) === 6 ? address : null;
  }
  return isHostName(text) ? text.toLowerCase() : null;
}

// RFC 1123, 2.1; the underscore is in use.
function isHostName(text: string): boolean {
  return text.length <= 253 &&
    /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i.test(text);
}

function portOf(text: string): number | null {
  const port = Number(text);
  return /^[0-9]{1,5}$/.test(text) && port >= 1 && port <= 65535 ? port : null;
}
