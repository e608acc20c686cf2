// What is said when the proxy listens: where, what for, and how a client comes to trust it.

import { formatHostPort } from "../http/target.ts";
import type { ModeSetting } from "../proxy/settings.ts";
import { formatTimestamp } from "../format/units.ts";
import { mode } from "./address_types.ts";

export interface StartFacts {
  version: string;
  host: string;
  port: number;
  mode: ModeSetting;
  certificatePath: string;
  /** Whether the CA was made just now. */
  certificateCreated: boolean;
}

/** Lines for a person, each with its line feed. */
export function startupText(facts: StartFacts): string {
  const address = formatHostPort(facts.host, facts.port);
  const fresh = facts.certificateCreated ? ", made just now" : "";
  if (facts.mode.kind === "reverse") {
    const origin = `${facts.mode.scheme}://${formatHostPort(facts.mode.host, facts.mode.port)}`;
    return `mitm ${facts.version} listening on ${address} for ${origin}\n` +
      `CA certificate: ${facts.certificatePath}${fresh}\n`;
  }
  return `mitm ${facts.version} listening on ${address}\n` +
    `CA certificate: ${facts.certificatePath}${fresh} (open http://mitm.it/ through the proxy to install it)\n` +
    `try: curl -x http://${reachable(facts)} --cacert ${
      shellWord(facts.certificatePath)
    } https://example.com/\n`;
}

/** The same as one JSON object on a line. */
export function startupJson(facts: StartFacts, at: number): string {
  return JSON.stringify({
    type: "listening",
    at: formatTimestamp(at),
    version: facts.version,
    host: facts.host,
    port: facts.port,
    mode: mode.format(facts.mode),
    ca_certificate: facts.certificatePath,
    ca_created: facts.certificateCreated,
  }) + "\n";
}

/** An address a client on this machine can name; the unspecified address is none. */
function reachable({ host, port }: StartFacts): string {
  if (host === "0.0.0.0") return formatHostPort("127.0.0.1", port);
  return formatHostPort(host === "::" ? "::1" : host, port);
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
