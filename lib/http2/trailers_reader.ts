// Trailer sections from decoded header blocks (RFC 9113, 8.1): strict for clients, forgiving for servers.
// Invariant: pure, never throws.

import type { HeaderBlock } from "../hpack/header_block.ts";
import type { Peer } from "../http/fault.ts";
import type { Fields } from "../http/fields.ts";
import { readFieldSection } from "./field_section.ts";
import type { HeadFault, HeadNote } from "./head_fault.ts";

/**
 * The trailers `peer` sent. Takes ownership of the block; what a server is forgiven is added to `notes`, each code once.
 * Fields that have no place in trailers (RFC 9110, 6.5.1) come through: the writers leave them out.
 */
export function readTrailers(block: HeaderBlock, peer: Peer, notes: HeadNote[]): Fields | HeadFault {
  const section = readFieldSection(block, 0, "trailers", peer === "client" ? null : notes);
  return "kind" in section ? section : section.fields;
}
