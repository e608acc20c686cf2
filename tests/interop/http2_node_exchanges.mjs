// Scenarios of one exchange after the other.

import { Buffer } from "node:buffer";
import { openClient } from "./http2_node_client.mjs";
import { limited, noise } from "./http2_node_origin.mjs";

/** Runs requests in turn on one client: { name: { method, path, headers, length, trailers, expect } }. */
export async function exchanges(_origin, { to, requests }) {
  const client = await openClient(to);
  const results = {};
  try {
    for (const [name, request] of Object.entries(requests)) {
      results[name] = await exchange(client, request);
    }
  } finally {
    client.close();
  }
  return results;
}

async function exchange(client, { length = 0, ...request }) {
  const sent = client.request(request);
  if (request.expect && await sent.continued !== undefined) {
    // The final answer came instead: the body is not wanted.
    await sent.finish();
    return await sent.done;
  }
  const body = noise(length);
  for (let at = 0; at < length; at += 70_000) await sent.write(body.subarray(at, at + 70_000));
  await sent.finish();
  return await sent.done;
}

/** The Cookie lines an origin gets for cookies that were sent one a line (RFC 9113, 8.2.3). */
export async function crumbs(_origin, { to, cookies }) {
  const client = await openClient(to);
  try {
    const sent = client.request({ path: "/cookies", headers: cookies.map((each) => ["Cookie", each]) });
    await sent.finish();
    const { text } = await sent.done;
    return JSON.parse(text).map(([, value]) => value);
  } finally {
    client.close();
  }
}

/** An answer before the body has come: status and body of it, and whether the client can go on or is told to stop. */
export async function earlyAnswer(_origin, { to, length }) {
  const client = await openClient(to);
  try {
    const sent = client.request({ method: "POST", path: "/refused" });
    const answered = sent.answered;
    const body = noise(70_000);
    let over = false;
    answered.then(() => over = true, () => over = true);
    for (let at = 0; at < length && !over; at += body.length) await sent.write(body);
    const status = await answered;
    await sent.until(19);
    const { text } = sent;
    await sent.finish();
    return { status, text };
  } finally {
    client.close();
  }
}

/** Events of a response, each one sent once the one before it has been seen. */
export async function events(origin, { to, count }) {
  const meeting = origin.meet("events");
  const client = await openClient(to);
  try {
    const sent = client.request({ path: "/meet/events" });
    await sent.finish();
    const { response } = await meeting;
    response.writeHead(200, { "content-type": "text/event-stream" });
    const seen = [];
    let length = 0;
    for (let index = 0; index < count; index++) {
      const event = `data: ${index}${"e".repeat(index)}\n\n`;
      length += event.length;
      response.write(event);
      await sent.until(length);
      seen.push(sent.length === length);
    }
    response.end();
    const { status, error } = await sent.done;
    return { status, error, inStep: seen.length === count && seen.every((same) => same) };
  } finally {
    client.close();
  }
}

/** Both directions of one stream in step: the client sends once it has seen the answer to what it sent before. */
export async function conversation(origin, { to, count }) {
  const meeting = origin.meet("conversation");
  const client = await openClient(to);
  try {
    const sent = client.request({ method: "POST", path: "/meet/conversation" });
    await sent.write("open");
    const { request, response } = await meeting;
    response.writeHead(200, { "content-type": "application/octet-stream" });
    request.on("data", (data) => response.write(`<${data}>`));
    request.on("end", () => response.end());
    let expected = "<open>";
    await sent.until(expected.length);
    for (let index = 0; index < count; index++) {
      await sent.write(`m${index}`);
      expected += `<m${index}>`;
      await sent.until(expected.length);
      if (sent.text !== expected) return { failed: sent.text };
    }
    await sent.finish();
    const { status, error, text } = await sent.done;
    return { status, error, text };
  } finally {
    client.close();
  }
}

/** Each code in turn, from the server after its head and some body, and from the client: what the other side saw. */
export async function resets(origin, { to, codes }) {
  const client = await openClient(to);
  const seen = { client: [], server: [] };
  try {
    for (const code of codes) {
      const meeting = origin.meet("reset");
      const sent = client.request({ path: "/meet/reset" });
      await sent.finish();
      const { response } = await meeting;
      response.writeHead(200);
      response.write("some");
      await sent.until(4);
      response.stream.close(code);
      seen.client.push((await sent.done).code);
    }
    for (const code of codes) {
      const meeting = origin.meet("reset");
      const sent = client.request({ method: "POST", path: "/meet/reset" });
      await sent.write(Buffer.from("some"));
      const { request, response } = await meeting;
      const { stream } = request;
      stream.on("error", () => {});
      const closed = new Promise((resolve) => stream.on("close", () => resolve(stream.rstCode)));
      response.writeHead(200);
      response.write("else");
      await sent.until(4);
      await sent.reset(code);
      seen.server.push(await closed);
    }
  } finally {
    client.close();
  }
  return seen;
}

/** The one leg is HTTP/1, which has no codes: the other one must see that it is over, and not a good end. */
export async function cutShort(origin, { to }) {
  const client = await openClient(to);
  try {
    const meeting = origin.meet("cut");
    const sent = client.request({ path: "/meet/cut" });
    await sent.finish();
    const { request, response } = await meeting;
    response.writeHead(200);
    response.write("some");
    await sent.until(4);
    if (request.httpVersionMajor === 2) response.stream.close(2);
    else request.socket.destroy();
    const byServer = await sent.done;

    const second = origin.meet("cut");
    const aborted = client.request({ method: "POST", path: "/meet/cut" });
    await aborted.write("some");
    const { request: received, response: answered } = await second;
    // Node says so when the client is gone before it has its answer.
    const gone = new Promise((resolve) => received.on("aborted", () => resolve(true)));
    received.on("error", () => {});
    answered.on("error", () => {});
    await aborted.reset(8);
    return { byServer: byServer.error !== null, byClient: await limited(gone, "the end of a request") };
  } finally {
    client.close();
  }
}
