// An independent reader of tagged netstrings, mitmproxy's dialect: strict about lengths and tags, and it keeps types apart.

/** "str" is JavaScript's string, "bytes" its Uint8Array. */
export type ReadValue =
  | { type: "null" }
  | { type: "bool"; value: boolean }
  | { type: "int"; value: number }
  | { type: "float"; value: number }
  | { type: "str"; value: string }
  | { type: "bytes"; value: Uint8Array }
  | { type: "list"; value: ReadValue[] }
  | { type: "dict"; value: Map<string, ReadValue> };

/** The values that stand one after the other. */
export function readTnetstrings(bytes: Uint8Array): ReadValue[] {
  const values: ReadValue[] = [];
  for (let at = 0; at < bytes.length;) {
    const { value, end } = readAt(bytes, at);
    values.push(value);
    at = end;
  }
  return values;
}

function readAt(bytes: Uint8Array, start: number): { value: ReadValue; end: number } {
  let at = start;
  let digits = "";
  while (bytes[at] !== 0x3a) {
    digits += String.fromCharCode(bytes[at] ?? 0);
    if (!/^(?:0|[1-9][0-9]{0,11})$/.test(digits)) throw new Error(`no length at ${start}: ${digits}`);
    at++;
  }
  const end = at + 1 + Number(digits);
  if (digits === "" || end >= bytes.length) {
    throw new Error(`length ${digits} at ${start} goes beyond the end`);
  }
  return { value: readPayload(bytes.subarray(at + 1, end), String.fromCharCode(bytes[end]!)), end: end + 1 };
}

function readPayload(payload: Uint8Array, tag: string): ReadValue {
  const text = () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
  switch (tag) {
    case ",":
      return { type: "bytes", value: payload.slice() };
    case ";":
      return { type: "str", value: text() };
    case "#":
      return { type: "int", value: number(text(), /^-?(?:0|[1-9][0-9]*)$/) };
    case "^":
      return { type: "float", value: number(text(), /^-?[0-9]+(?:\.[0-9]+(?:e[+-]?[0-9]+)?|e[+-]?[0-9]+)$/) };
    case "!":
      if (!/^(?:true|false)$/.test(text())) throw new Error(`no boolean: ${text()}`);
      return { type: "bool", value: text() === "true" };
    case "~":
      if (payload.length > 0) throw new Error("a null with content");
      return { type: "null" };
    case "]":
      return { type: "list", value: readTnetstrings(payload) };
    case "}":
      return { type: "dict", value: readPairs(payload) };
    default:
      throw new Error(`no type is tagged ${JSON.stringify(tag)}`);
  }
}

function readPairs(payload: Uint8Array): Map<string, ReadValue> {
  const items = readTnetstrings(payload);
  if (items.length % 2 !== 0) throw new Error("a key without a value");
  const pairs = new Map<string, ReadValue>();
  for (let index = 0; index < items.length; index += 2) {
    const key = items[index]!;
    if (key.type !== "str") throw new Error(`a key that is ${key.type}`);
    if (pairs.has(key.value)) throw new Error(`the key ${key.value} twice`);
    pairs.set(key.value, items[index + 1]!);
  }
  return pairs;
}

function number(text: string, pattern: RegExp): number {
  if (!pattern.test(text)) throw new Error(`no number: ${text}`);
  return Number(text);
}
