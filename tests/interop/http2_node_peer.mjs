// Node on both ends of the proxy, in one process so that a scenario sees both: says its ports once it is ready, then
// runs the scenario it is asked for. See tests/kit/peer_program.ts for how it is talked to.

import process from "node:process";
import { createInterface } from "node:readline";
import { NodeOrigin } from "./http2_node_origin.mjs";
import * as exchanges from "./http2_node_exchanges.mjs";
import * as streams from "./http2_node_streams.mjs";

const scenarios = { ...exchanges, ...streams };
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => {
  const { value, done } = await lines.next();
  return done ? null : JSON.parse(value);
};
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const { tls } = await next();
const origin = new NodeOrigin();
say(await origin.start(tls));
for (let asked = await next(); asked !== null; asked = await next()) {
  const { id, ask, with: parameters } = asked;
  try {
    say({ id, result: await scenarios[ask](origin, parameters) ?? null });
  } catch (error) {
    say({ id, error: error.stack ?? String(error) });
  }
}
process.exit(0);
