// What a decoded header block is, and where fields to be encoded go (RFC 7541).

/** One decoded header block. */
export interface HeaderBlock {
  kind: "block";
  /** name, value, name, value, …: byte-true, as they came, pseudo-fields too. The taker owns it. */
  list: string[];
  /** Names (as they came) of fields that were "never indexed" (RFC 7541, 6.2.3); null for none. */
  neverIndexed: Set<string> | null;
  /** RFC 7541, 4.1: names, values and 32 for each, of all fields, also those left out of `list`. */
  size: number;
  /** A limit was passed: `list` ends before the block did. The table is right all the same. */
  truncated: boolean;
}

/** The table is lost: RFC 9113, 4.3: COMPRESSION_ERROR. */
export interface HpackFault {
  kind: "fault";
  /** One sentence, for a person. */
  message: string;
  /** "RFC 7541, 4.2" */
  rule: string;
}

/** Takes fields one by one: the encoder. */
export interface FieldSink {
  /** `name` is lower case; both are byte-true. `neverIndexed`: RFC 7541, 6.2.3. */
  field(name: string, value: string, neverIndexed: boolean): void;
}
