// WebSockets over HTTP/2 between ws and Node's http2, in every pairing with HTTP/1.1: messages of all kinds and sizes, with
// compression and its windows, PINGs, and all ends.

import { bridges, bridgeTest, checkBridged, inTheClear } from "./websocket_http2_bench.ts";
import { echoed, ends, kinds, masses, pings, type Scenario } from "./websocket_conversations.ts";
import { binary, noise, type Saying, text, words } from "./websocket_sayings.ts";

/** RFC 7692, 7.1: what either side may ask for. */
const PARAMETERS = [
  { clientNoContextTakeover: true },
  { serverNoContextTakeover: true },
  { clientMaxWindowBits: 10, serverMaxWindowBits: 12 },
  { clientNoContextTakeover: true, serverNoContextTakeover: true, serverMaxWindowBits: 9 },
];

/** The second is almost nothing where the window is kept. */
const TAKEN_OVER: Saying[] = [
  text(words(4_000)),
  text(words(4_000)),
  binary(noise(3_000)),
  binary(noise(3_000)),
  text(words(4_000), { compress: false }),
  text(words(40_000), { fragments: [5_000, 0, 70] }),
  text(words(4_000)),
];

function deflated(): Scenario[] {
  return PARAMETERS.map((deflate) => echoed(TAKEN_OVER, { name: JSON.stringify(deflate), deflate }));
}

/** A connection that is simply lost is not the same over HTTP/2. */
const inGoodOrder = (): Scenario[] => ends().filter(({ close }) => close.code !== 1006);

bridgeTest("what both ends see", bridges, async (bench, test) => {
  for (const deflate of [false, {}]) {
    const name = deflate === false ? "" : ", compressed";
    await test.step(`messages of all kinds${name}`, () => checkBridged(bench, kinds(deflate)));
    if (!inTheClear.includes(bench.bridge)) continue;
    await test.step(`many, and large ones${name}`, () => checkBridged(bench, masses(deflate)));
  }
  if (!inTheClear.includes(bench.bridge)) return;
  await test.step("parameters of permessage-deflate", () => checkBridged(bench, deflated()));
  await test.step("PINGs and PONGs", () => checkBridged(bench, [pings()]));
  await test.step("ends", () => checkBridged(bench, inGoodOrder()));
  await test.step("subprotocols", () =>
    checkBridged(bench, [
      echoed([text("Hello")], { name: "one", protocols: ["first.example"] }),
      echoed([text("Hello")], {
        name: "two",
        protocols: ["unknown.example", "first.example", "second.example"],
      }),
    ]));
});
