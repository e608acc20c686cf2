// Response heads from decoded header blocks: RFC 9113, 8.1, 8.1.1 and 8.3.2. What an origin gets wrong without harm
// is forgiven and noted; what would corrupt is malformed.
// Invariants: pure, never throws; what comes through can be written as HTTP/1 and as HTTP/2.

import type { HeaderBlock } from "../hpack/header_block.ts";
import type { Framing, ResponseHead } from "../http/head.ts";
import { parseContentLength } from "./field_rules.ts";
import { readFieldSection } from "./field_section.ts";
import { type HeadFault, type HeadNote, malformed } from "./head_fault.ts";

/**
 * The head of a response, interim ones too. `end`: END_STREAM came with it. `requestMethod` is what it answers. Takes
 * ownership of the block; what is forgiven is added to `notes`, each code once.
 */
export function readResponseHead(
  block: HeaderBlock,
  end: boolean,
  requestMethod: string,
  notes: HeadNote[],
): ResponseHead | HeadFault {
  const { list } = block;
  if (!(list[0] ?? "").startsWith(":")) return malformed("A response without :status", "RFC 9113, 8.3.2");
  if (list[0] !== ":status") {
    return malformed("A pseudo-field that is not defined for responses", "RFC 9113, 8.3");
  }
  if ((list[2] ?? "").startsWith(":")) {
    return list[2] === ":status"
      ? malformed("Several :status pseudo-fields", "RFC 9113, 8.3")
      : malformed("A pseudo-field that is not defined for responses", "RFC 9113, 8.3");
  }
  const statusText = list[1] ?? "";
  // RFC 9110, 15: three digits, from 100 on.
  if (!/^[1-9][0-9][0-9]$/.test(statusText)) {
    return malformed(":status is not three digits", "RFC 9113, 8.3.2");
  }
  const status = Number(statusText);
  if (status === 101) return malformed("The status 101 does not exist in HTTP/2", "RFC 9113, 8.6");
  if (status < 200 && end) return malformed("An interim response ends the stream", "RFC 9113, 8.1");
  const section = readFieldSection(block, 2, "response", notes);
  if ("kind" in section) return section;
  const decision = decideFraming(status, end, requestMethod, section.contentLength, notes);
  if ("kind" in decision) return decision;
  return {
    kind: "response",
    version: "HTTP/2.0",
    status,
    reason: "",
    framing: decision.framing,
    contentLength: decision.contentLength,
    fields: section.fields,
  };
}

interface FramingDecision {
  framing: Framing;
  contentLength: number | null;
}

const NO_BODY: FramingDecision = { framing: "none", contentLength: null };
const STREAM: FramingDecision = { framing: "stream", contentLength: null };

function decideFraming(
  status: number,
  end: boolean,
  requestMethod: string,
  lengths: string | null,
  notes: HeadNote[],
): FramingDecision | HeadFault {
  // RFC 9110, 9.3.6: a tunnel follows, and a length is to be ignored.
  if (requestMethod === "CONNECT" && status >= 200 && status < 300) return NO_BODY;
  const hasNoBody = status < 200 || status === 204 || status === 304 || requestMethod === "HEAD";
  if (lengths === null) return end || hasNoBody ? NO_BODY : STREAM;
  const length = parseContentLength(lengths);
  // RFC 9110, 8.6: equal ones in a row may pass; recipients differ on that, so we do not let them.
  if (length === null) return malformed("content-length is not one number of bytes", "RFC 9110, 8.6");
  if (status < 200 || status === 204) {
    // RFC 9113, 8.1.1: no content is defined there, so the length does not have to be true.
    const message = `content-length in a ${status} response`;
    notes.push({ code: "content-length-without-body", message, rule: "RFC 9110, 8.6" });
    return NO_BODY;
  }
  if (hasNoBody) return { framing: "none", contentLength: length };
  if (end && length !== 0) {
    return malformed(`content-length announces ${length} bytes and none follow`, "RFC 9113, 8.1.1");
  }
  return { framing: "length", contentLength: length };
}
