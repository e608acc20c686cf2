// Events and signals as short lines.

import { latin1Decode } from "../../lib/bytes/latin1.ts";
import type { HttpEvent, Signal } from "../../lib/http/connection.ts";
import type { Fields } from "../../lib/http/fields.ts";
import type { Head } from "../../lib/http/head.ts";
import type { StreamPriority } from "../../lib/http/priority.ts";

export function describe(event: HttpEvent | Signal): string {
  switch (event.kind) {
    case "head": {
      const { priority, stream, head, end } = event;
      const important = priority === undefined ? "" : ` (${describePriority(priority)})`;
      return `#${stream} ${describeHead(head, end)}${important}`;
    }
    case "data":
      return `#${event.stream} data ${JSON.stringify(latin1Decode(event.data))}${event.end ? " end" : ""}`;
    case "trailers":
      return `#${event.stream} trailers ${describeFields(event.fields)}`;
    case "reset": {
      const { scope, code, status, answerable } = event.fault;
      return `#${event.stream} reset ${scope} ${code}${answerable ? ` answerable ${status}` : ""}`;
    }
    case "fault":
      return `fault ${event.fault.code}`;
    case "note":
      return `note ${event.note.code}`;
    case "ended":
      return "ended";
    case "writable":
      return `#${event.stream} writable`;
    case "offers":
      return `offers${event.offers.push ? " push" : ""}${event.offers.extendedConnect ? " connect" : ""}`;
    case "push":
      return `#${event.parent} push #${event.stream} ${describeHead(event.head, true)}`;
    case "priority":
      return `#${event.stream} priority ${describePriority(event.priority)}`;
  }
}

/** How the body ends is only said of one that follows. */
export function describeHead(head: Head, end: boolean): string {
  const rest = ` ${describeFields(head.fields)}` +
    (end ? " end" : head.framing === "length" ? ` length ${head.contentLength}` : ` ${head.framing}`);
  if (head.kind === "response") return `${head.status}${rest}`;
  const protocol = head.protocol === null ? "" : ` :protocol ${head.protocol}`;
  return `${head.method}${protocol} ${head.scheme}://${head.authority} ${head.target}${rest}`;
}

export function describeFields(fields: Fields): string {
  return "{" + [...fields].map(([name, value]) => `${name}: ${value}`).join(" | ") + "}";
}

function describePriority(priority: StreamPriority): string {
  if (priority.kind === "update") return `update ${priority.value}`;
  return `on ${priority.on}${priority.exclusive ? " exclusive" : ""} weight ${priority.weight}`;
}
