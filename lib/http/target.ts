// Authorities and URL pieces, byte-true and without normalisation (RFC 3986, 3.2; RFC 9112, 3.2).
// `URL` is not used: it would change what was sent.

export interface HostAndPort {
  /** Lower case not enforced; an IPv6 address without brackets. */
  host: string;
  port: number;
}

/** RFC 9110, 4.2: the default port of a scheme. */
export function defaultPort(scheme: string): number {
  return scheme === "https" || scheme === "wss" ? 443 : 80;
}

/** "host", "host:port", "[::1]:port" to its parts; null when it is not that. `fallbackPort` serves where no port is named. */
export function parseAuthority(text: string, fallbackPort: number | null): HostAndPort | null {
  let host = text;
  let portText = "";
  if (text.startsWith("[")) {
    const close = text.indexOf("]");
    if (close < 0) return null;
    host = text.slice(1, close);
    const rest = text.slice(close + 1);
    if (rest !== "" && !rest.startsWith(":")) return null;
    portText = rest.slice(1);
    if (!/^[0-9a-fA-F:.]+(%25?[A-Za-z0-9._~-]+)?$/.test(host) || !host.includes(":")) return null;
  } else {
    const colon = text.lastIndexOf(":");
    if (colon >= 0) {
      host = text.slice(0, colon);
      portText = text.slice(colon + 1);
    }
    // RFC 3986, 3.2.2: reg-name; blanks, brackets, "@" and "/" would be read differently elsewhere.
    if (!/^[A-Za-z0-9._~!$&'()*+,;=%-]+$/.test(host)) return null;
  }
  if (portText === "") return fallbackPort === null ? null : { host, port: fallbackPort };
  if (!/^[0-9]{1,5}$/.test(portText)) return null;
  const port = Number(portText);
  return port >= 1 && port <= 65535 ? { host, port } : null;
}

/** "host:port", with brackets round an IPv6 address. */
export function formatHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** "host" or "host:port", the port left out when it is the scheme's own. */
export function formatAuthority(scheme: string, host: string, port: number): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === defaultPort(scheme) ? name : `${name}:${port}`;
}
