// What two peers say to each other, and what must be seen of it: for every pair of peers that plays conversations.

import assert from "node:assert/strict";
import type { WebSocketClose } from "../../lib/flow/record.ts";
import {
  checkRecord,
  controls,
  type Conversation,
  pathOf,
  type Played,
  type Step,
  throughProxy,
  type WebSocketBench,
} from "./websocket_bench.ts";
import { binary, noise, type Saying, seen, text, words } from "./websocket_sayings.ts";

const LARGE = 1024 * 1024;
const CLOSED: Step = { close: [1000, "done"] };

export interface Scenario {
  conversation: Conversation;
  /** What both ends get; null: that is not what it is about. */
  sayings: Saying[] | null;
  /** What the record says of its end. */
  close: Omit<WebSocketClose, "at">;
  /** PONGs nobody has asked for. */
  unasked?: string[];
}

interface Options {
  name: string;
  deflate?: unknown;
  protocols?: string[];
}

/** Said and echoed, all at once; then the client closes. */
export function echoed(sayings: Saying[], { name, deflate = false, protocols = [] }: Options): Scenario {
  return {
    conversation: { path: pathOf(name, deflate), protocols, deflate, steps: [{ say: sayings }, CLOSED] },
    sayings,
    close: { code: 1000, reason: "done", by: "client" },
  };
}

const MESSAGES: Saying[] = [
  text("Hello"),
  text(""),
  text("κόσμε 🙂 \u0000 \ufeff"),
  binary(noise(1)),
  binary(new Uint8Array(0)),
  ...[125, 126, 127, 65_535, 65_536].flatMap((length) => [text("*".repeat(length)), binary(noise(length))]),
];

/** In the middle of a code point too, and with nothing in some of them. */
const FRAGMENTED: Saying[] = [
  text("in two fragments", { fragments: [3] }),
  text("κόσμε", { fragments: [1, 1, 1, 1, 1, 1, 1] }),
  text("", { fragments: [0, 0] }),
  text("empty ones around it", { fragments: [0, 20] }),
  binary(noise(70_000), { fragments: [1, 126, 65_536] }),
  text(words(20_000), { fragments: Array.from({ length: 100 }, () => 100) }),
];

const SMALL: Saying[] = Array.from(
  { length: 1_000 },
  (_, index) => index % 2 === 0 ? text(`m${index}`) : binary(noise(index % 40)),
);

/** Messages of every kind; `fragments`: what the client can send, not every one can cut as it likes. */
export function kinds(deflate: unknown, fragments: readonly Saying[] = FRAGMENTED): Scenario[] {
  return [
    echoed(MESSAGES, { name: nameOf("messages of all kinds", deflate), deflate }),
    echoed([...fragments], { name: nameOf("fragments", deflate), deflate }),
  ];
}

export function masses(deflate: unknown): Scenario[] {
  const large = [text(words(LARGE)), binary(noise(LARGE)), text(words(LARGE, 2), { fragments: [LARGE / 2] })];
  return [
    echoed(large, { name: nameOf("large ones", deflate), deflate }),
    echoed(SMALL, { name: nameOf("many small ones", deflate), deflate }),
  ];
}

const nameOf = (name: string, deflate: unknown): string => deflate === false ? name : `${name}, compressed`;

/** PINGs from either end, between messages; the client's are answered by us, as are the server's. */
export function pings(): Scenario {
  const steps: Step[] = [
    { ping: "" },
    { ping: "from the client" },
    { say: [text("between")] },
    { ping: "p".repeat(125) },
    { pong: "nobody asked" },
    { ask: "/ping from-the-server" },
    { say: [text("after")] },
    CLOSED,
  ];
  return {
    conversation: { path: pathOf("pings"), protocols: [], deflate: false, steps },
    sayings: null,
    close: { code: 1000, reason: "done", by: "client" },
    unasked: ["nobody asked"],
  };
}

/** RFC 6455, 7.4: of the protocol, of the registry, of libraries and of applications. */
const CODES = [
  1000,
  1001,
  1002,
  1003,
  1007,
  1008,
  1009,
  1010,
  1011,
  1012,
  1013,
  1014,
  3000,
  3999,
  4000,
  4999,
];

/** Closed by either end, with each code, none, and the longest reason there is; and ended without a word. */
export function ends(isLegal: (code: number) => boolean = () => true): Scenario[] {
  const reasons: [number, string][] = [[4001, "ü".repeat(61)], [1000, ""]];
  const all = [
    ...CODES.filter(isLegal).map((code): [number, string] => [code, `because-of-${code}`]),
    ...reasons,
  ];
  const scenario = (name: string, step: Step, close: Scenario["close"]): Scenario => ({
    conversation: {
      path: pathOf(name),
      protocols: [],
      deflate: false,
      steps: [{ say: [text("before")] }, step],
    },
    sayings: null,
    close,
  });
  const closes = (by: "client" | "server") =>
    all.map(([code, reason]) =>
      scenario(
        `${code} by the ${by}, ${reason.length}`,
        by === "client" ? { close: [code, reason] } : { ask: `/close ${code} ${reason}` },
        { code, reason, by },
      )
    );
  return [
    ...closes("client"),
    ...closes("server"),
    scenario("no code by the client", { close: [] }, { code: 1005, reason: "", by: "client" }),
    scenario("no code by the server", { ask: "/close" }, { code: 1005, reason: "", by: "server" }),
    scenario("killed by the client", { kill: true }, { code: 1006, reason: "", by: "client" }),
    scenario("killed by the server", { ask: "/kill" }, { code: 1006, reason: "", by: "server" }),
  ];
}

/** Directly and through the proxy: both ends see the same, and the record says it. */
export async function checkScenarios(
  bench: WebSocketBench,
  scenarios: readonly Scenario[],
  together = false,
): Promise<void> {
  const direct = await bench.direct(scenarios.map(({ conversation }) => conversation), together);
  const proxied = await checkProxied(bench, scenarios, together);
  for (const [index, { conversation, unasked = [] }] of scenarios.entries()) {
    const { client, server } = direct[index]!;
    const { path } = conversation;
    assert.deepEqual(proxied[index]!.client, throughProxy(client, unasked), path);
    assert.deepEqual(proxied[index]!.server, throughProxy(server, unasked), path);
    const flow = await bench.flow(conversation);
    assert.deepEqual(controls(flow, "ping", true), server.pings, path);
    assert.deepEqual(controls(flow, "ping", false), client.pings, path);
    const pongs = controls(flow, "pong", true);
    assert.deepEqual(pongs.filter((payload) => unasked.includes(payload)), unasked, path);
  }
}

/** Through the proxy: both ends get what was said, and the record says it. */
export async function checkProxied(
  bench: WebSocketBench,
  scenarios: readonly Scenario[],
  together = false,
): Promise<Played[]> {
  const played = await bench.proxied(scenarios.map(({ conversation }) => conversation), together);
  for (const [index, { conversation, sayings, close }] of scenarios.entries()) {
    const { path } = conversation;
    if (sayings !== null) {
      const expected = sayings.map(seen);
      assert.deepEqual(played[index]!.server.messages, expected, path);
      assert.deepEqual(played[index]!.client.messages, expected, path);
    }
    const flow = await bench.flow(conversation);
    checkRecord(flow, played[index]!);
    assert.equal(flow.error, null, path);
    assert.equal(flow.closedBy, close.by, path);
    const { at: _, ...recorded } = flow.websocket!.close!;
    assert.deepEqual(recorded, close, path);
  }
  return played;
}
