// The line that says how things stand: which flow of how many, filters, raw-TCP hosts, what is held, where mitm listens.

import type { OptionsAccess } from "../cli/options_live.ts";
import { escapeText } from "../format/escape.ts";
import { fitText, type Line, span, widthOf } from "./line.ts";

export interface StatusFacts {
  title: string;
  /** From 1; 0: there is none. */
  place: number;
  count: number;
  follows: boolean;
  filter: string | null;
  intercept: string | null;
  held: number;
  /** Flows that fell out of the store. */
  dropped: number;
  order: string;
  reversed: boolean;
  address: string;
  options: OptionsAccess;
}

export function statusLine(facts: StatusFacts, columns: number): Line {
  const left = leftText(facts);
  const right = ` ${facts.address} `;
  const room = Math.max(0, columns - widthOf(right));
  return [span(fitText(left, room)), span(fitText(right, columns - room))];
}

function leftText(facts: StatusFacts): string {
  const parts = [` ${facts.title} [${facts.place}/${facts.count}]`];
  if (facts.follows) parts.push("⇩");
  if (facts.held > 0) parts.push(`[held:${facts.held}]`);
  if (facts.intercept !== null) parts.push(`[i:${escapeText(facts.intercept)}]`);
  if (facts.filter !== null) parts.push(`[f:${escapeText(facts.filter)}]`);
  if (facts.order !== "time" || facts.reversed) {
    parts.push(`[o:${facts.order}${facts.reversed ? " reversed" : ""}]`);
  }
  const hosts = (name: "tcp_hosts" | "ignore_hosts" | "allow_hosts") => facts.options.get(name).texts.length;
  if (hosts("tcp_hosts") > 0) parts.push(`[TCP:${hosts("tcp_hosts")}]`);
  if (hosts("ignore_hosts") > 0) parts.push(`[Ignore:${hosts("ignore_hosts")}]`);
  if (hosts("allow_hosts") > 0) parts.push(`[Allow:${hosts("allow_hosts")}]`);
  if (facts.dropped > 0) parts.push(`[${facts.dropped} fell out]`);
  return parts.join(" ");
}
