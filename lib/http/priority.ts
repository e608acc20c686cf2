// How important one stream is beside others, as a client says it. HTTP/1 has no such thing.

export type StreamPriority =
  /** RFC 9113, 5.3 (deprecated; RFC 7540, 5.3): `on` is the stream it depends on, 0 for none; `weight` is 1 to 256. */
  | { kind: "dependency"; on: number; exclusive: boolean; weight: number }
  /** RFC 9218, 7.1: PRIORITY_UPDATE; `value` is a structured field, as it came. */
  | { kind: "update"; value: string };
