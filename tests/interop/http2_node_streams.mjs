// Scenarios of many streams on one connection.

import { Buffer } from "node:buffer";
import { openClient } from "./http2_node_client.mjs";
import { limited, noise, sha256 } from "./http2_node_origin.mjs";

/** `count` at once, each with bodies of its own size both ways: the ones that came back wrong. */
export async function many(_origin, { to, count }) {
  const client = await openClient(to);
  try {
    const wrong = [];
    await Promise.all(Array.from({ length: count }, async (_, index) => {
      const length = index * index * 7 % 60_000;
      if (index % 2 === 0) {
        const sent = client.request({ path: `/bytes?length=${length}&i=${index}` });
        await sent.finish();
        const { status, hash, code, error } = await sent.done;
        if (status !== 200 || hash !== sha256(noise(length))) wrong.push({ index, status, code, error });
      } else {
        const sent = client.request({ method: "POST", path: `/digest?i=${index}` });
        await sent.finish(noise(length));
        const { status, text, code, error } = await sent.done;
        const seen = status === 200 ? JSON.parse(text) : {};
        if (seen.hash !== sha256(noise(length)) || seen.path !== `/digest?i=${index}`) {
          wrong.push({ index, status, code, error });
        }
      }
    }));
    return wrong;
  } finally {
    client.close();
  }
}

/**
 * One response of `length` bytes whose client does not read, and one request whose server does not; `others` exchanges
 * meanwhile; then the two go on.
 */
export async function stalled(origin, { to, length, others }) {
  const client = await openClient(to);
  const body = noise(length);
  try {
    const down = client.request({ path: `/bytes?length=${length}` });
    down.stream.pause();
    await down.finish();
    await down.answered;
    const meeting = origin.meet("stalled");
    const up = client.request({ method: "POST", path: "/meet/stalled" });
    const { request, response } = await Promise.race([meeting, up.done.then(() => ({}))]);
    request.pause();
    const written = up.finish(body);
    let completed = 0;
    for (let round = 0; round < others / 10; round++) {
      await Promise.all(Array.from({ length: 10 }, async (_, index) => {
        const sent = client.request({ path: `/bytes?length=${1_000 + index * 5_000}` });
        await sent.finish();
        const { status, length } = await sent.done;
        if (status === 200 && length === 1_000 + index * 5_000) completed++;
      }));
    }
    const meanwhile = { completed, down: down.length };
    down.stream.resume();
    const { hash } = await down.done;
    const pieces = [];
    request.on("data", (data) => pieces.push(data)).resume();
    await limited(new Promise((resolve) => request.on("end", resolve)), "the stalled request");
    await written;
    response.end();
    const { status } = await up.done;
    const same = [hash, sha256(Buffer.concat(pieces))].map((each) => each === sha256(body));
    return { ...meanwhile, same, status };
  } finally {
    client.close();
  }
}

/**
 * `count` requests on one connection, `atOnce` under way at any time. Half way the origin says it takes no more on that
 * connection ("goaway"), or refuses every tenth stream the first time it comes ("refuse").
 */
export async function long(origin, { to, count, atOnce, what }) {
  const served = new Map();
  const sessions = new Set();
  const refused = new Set();
  let gone = false;
  origin.onRequest = (request, response, pathname) => {
    const index = Number(/^\/n\/(\d+)$/.exec(pathname)?.[1]);
    if (what === "refuse" && index % 10 === 0 && !refused.has(index)) {
      refused.add(index);
      response.stream.close(7); // REFUSED_STREAM
      return true;
    }
    served.set(index, (served.get(index) ?? 0) + 1);
    sessions.add(request.stream.session);
    if (what === "goaway" && !gone && served.size >= count / 2) {
      gone = true;
      request.stream.session.close();
    }
    response.end(String(index));
    return true;
  };
  const client = await openClient(to);
  try {
    const wrong = [];
    let index = 0;
    await Promise.all(Array.from({ length: atOnce }, async () => {
      while (index < count) {
        const mine = index++;
        const sent = client.request({ path: `/n/${mine}` });
        await sent.finish();
        const { status, text, code, error } = await sent.done;
        if (status !== 200 || text !== String(mine)) wrong.push({ mine, status, text, code, error });
      }
    }));
    const twice = [...served].filter(([, times]) => times !== 1);
    return {
      wrong: wrong.slice(0, 5),
      twice,
      served: served.size,
      sessions: sessions.size,
      refused: refused.size,
      goaways: client.goaways,
    };
  } finally {
    origin.onRequest = null;
    client.close();
  }
}

/** What the client got of a page and of what the server pushed with it. */
export async function pushed(origin, { to, enablePush }) {
  const client = await openClient({ ...to, settings: { enablePush } });
  const pushes = [];
  client.session.on("stream", (stream, head) => {
    stream.on("error", () => {});
    const push = { path: head[":path"], method: head[":method"], asked: head["x-asked"] };
    pushes.push(
      new Promise((resolve) => {
        let text = "";
        stream.on(
          "push",
          (response) => Object.assign(push, { status: response[":status"], type: response["x-type"] }),
        );
        stream.on("data", (data) => text += data);
        stream.on("close", () => resolve({ ...push, text, code: stream.rstCode }));
      }),
    );
  });
  let allowed = null;
  origin.onRequest = (request, response, pathname) => {
    if (pathname !== "/page") return false;
    const { stream } = request;
    allowed = stream.pushAllowed;
    if (!allowed) {
      response.end("page");
      return true;
    }
    for (const name of ["one", "two"]) {
      stream.pushStream({ ":path": `/pushed/${name}`, "x-asked": name }, (error, push) => {
        if (error) return;
        push.on("error", () => {});
        push.respond({ ":status": 200, "x-type": name });
        push.end(`pushed ${name} `.repeat(1_000));
      });
    }
    response.end("page");
    return true;
  };
  try {
    const sent = client.request({ path: "/page" });
    await sent.finish();
    const { status, text } = await sent.done;
    return { allowed, status, text, pushes: await limited(Promise.all(pushes), "what was pushed") };
  } finally {
    origin.onRequest = null;
    client.close();
  }
}
