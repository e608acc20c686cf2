// What a flow of version 17 has to be: exactly these keys, each of one of these types. Written down from what mitmproxy
// 8.1.1 reads and writes, not from the code under test.

import assert from "node:assert/strict";
import type { ReadValue } from "./read_tnetstring.ts";

/** "str|null", a list of one shape, a tuple, or a dictionary. */
type Shape = string | { list: Shape } | { tuple: Shape[] } | { keys: Record<string, Shape> } | {
  or: Shape[];
};

const ADDRESS: Shape = {
  or: [{ tuple: ["str", "int"] }, { tuple: ["str", "int", "int", "int"] }],
};
const ADDRESS_OR_NULL: Shape = { or: ["null", ADDRESS] };

const CONNECTION: Record<string, Shape> = {
  alpn: "bytes|null",
  alpn_offers: { list: "bytes" },
  certificate_list: { list: "bytes" },
  cipher_list: { list: "str" },
  cipher_name: "str|null",
  error: "str|null",
  id: "str",
  sni: "str|null",
  state: "int",
  timestamp_end: "float|null",
  timestamp_tls_setup: "float|null",
  tls: "bool",
  tls_established: "bool",
  tls_version: "str|null",
};

const BASE: Record<string, Shape> = {
  version: "int",
  type: "str",
  id: "str",
  error: { or: ["null", { keys: { msg: "str", timestamp: "float" } }] },
  client_conn: {
    keys: {
      ...CONNECTION,
      address: ADDRESS,
      mitmcert: "bytes|null",
      sockname: ADDRESS,
      timestamp_start: "float",
      tls_extensions: { list: "bytes" },
    },
  },
  server_conn: {
    keys: {
      ...CONNECTION,
      address: ADDRESS_OR_NULL,
      ip_address: ADDRESS_OR_NULL,
      source_address: ADDRESS_OR_NULL,
      timestamp_start: "float|null",
      timestamp_tcp_setup: "float|null",
      via: "null",
      via2: "null",
    },
  },
  intercepted: "bool",
  is_replay: "str|null",
  marked: "str",
  metadata: { keys: {} },
  comment: "str",
  timestamp_created: "float",
};

const FIELDS: Shape = { list: { tuple: ["bytes", "bytes"] } };
const MESSAGE: Record<string, Shape> = {
  http_version: "bytes",
  headers: FIELDS,
  content: "bytes|null",
  trailers: { or: ["null", FIELDS] },
  timestamp_start: "float",
  timestamp_end: "float|null",
};

const HTTP: Shape = {
  keys: {
    ...BASE,
    request: {
      keys: {
        ...MESSAGE,
        host: "str",
        port: "int",
        method: "bytes",
        scheme: "bytes",
        authority: "bytes",
        path: "bytes",
      },
    },
    response: { or: ["null", { keys: { ...MESSAGE, status_code: "int", reason: "bytes" } }] },
    websocket: {
      or: ["null", {
        keys: {
          messages: { list: { tuple: ["int", "bool", "bytes", "float", "bool", "bool"] } },
          closed_by_client: "bool|null",
          close_code: "int|null",
          close_reason: "str|null",
          timestamp_end: "float|null",
        },
      }],
    },
  },
};

const TCP: Shape = {
  keys: { ...BASE, messages: { list: { tuple: ["bool", "bytes", "float"] } } },
};

/** Throws where a flow is not of the shape, and says where. */
export function assertFlowShape(flow: ReadValue): void {
  assert.ok(flow.type === "dict", "a flow is a dictionary");
  const type = flow.value.get("type");
  assert.ok(type?.type === "str" && (type.value === "http" || type.value === "tcp"), "http or tcp");
  assert.deepEqual(flow.value.get("version"), { type: "int", value: 17 });
  const flaw = flawOf(flow, type.value === "http" ? HTTP : TCP, "flow");
  assert.equal(flaw, null);
}

/** What is wrong with a value; null for nothing. */
function flawOf(value: ReadValue, shape: Shape, path: string): string | null {
  if (typeof shape === "string") {
    return shape.split("|").includes(value.type) ? null : `${path} is ${value.type}, not ${shape}`;
  }
  if ("or" in shape) {
    const flaws = shape.or.map((one) => flawOf(value, one, path));
    return flaws.includes(null) ? null : flaws.join(" or ");
  }
  if ("keys" in shape) {
    if (value.type !== "dict") return `${path} is ${value.type}, not a dictionary`;
    const found = [...value.value.keys()].sort().join();
    const wanted = Object.keys(shape.keys).sort().join();
    if (found !== wanted) return `${path} has ${found} and not ${wanted}`;
    return first([...value.value].map(([key, item]) => flawOf(item, shape.keys[key]!, `${path}.${key}`)));
  }
  if (value.type !== "list") return `${path} is ${value.type}, not a list`;
  if ("list" in shape) {
    return first(value.value.map((item, index) => flawOf(item, shape.list, `${path}[${index}]`)));
  }
  if (value.value.length !== shape.tuple.length) return `${path} has ${value.value.length} items`;
  return first(value.value.map((item, index) => flawOf(item, shape.tuple[index]!, `${path}[${index}]`)));
}

function first(flaws: (string | null)[]): string | null {
  return flaws.find((flaw) => flaw !== null) ?? null;
}
