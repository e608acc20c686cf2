// Draws the pictures of the console in docs/pictures, from a real run: mitm in tmux, traffic by curl and a WebSocket to an
// origin on this machine, and what the terminal shows. Needs tmux and curl.
//   deno run -A scripts/console_pictures.ts

import { fileURLToPath } from "node:url";
import { terminalSvg } from "./terminal_svg.ts";

const COLUMNS = 120;
const ROWS = 26;
/** How long the terminal may take to show something, in milliseconds. */
const WAIT = 15_000;
const TMUX = ["-L", `mitm-pictures-${Deno.pid}`];

const root = new URL("..", import.meta.url);
const pictures = new URL("docs/pictures/", root);

async function main(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mitm-pictures-" });
  await using origin = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  const mitm = new URL("mitm", root).pathname;
  const resolve = ["api.example.com", "shop.example.com", "chat.example.com"]
    .map((host) => `--resolve ${host}:80:127.0.0.1:${origin.addr.port}`).join(" ");
  try {
    await tmux(
      "new-session",
      "-d",
      "-x",
      `${COLUMNS}`,
      "-y",
      `${ROWS}`,
      `${mitm} -p 0 --confdir ${folder} ${resolve}`,
    );
    const address = /127\.0\.0\.1:(\d+)/.exec(await shows(/mitm listens on/))?.[0] ?? "";
    await traffic(address);
    await shows(/\/v1\/orders +201/);
    await draw("list", "The list of flows");
    await keys("Up", "Up", "Up", "Enter");
    await shows(/body: JSON/);
    await draw("flow", "One flow: its response, with the body indented");
    await keys("q", "O");
    await shows(/tcp_hosts/);
    await keys("T");
    await keys("example.com", "Enter");
    await shows(/\n {2}example\.com/);
    await keys("queue.internal:5671", "Enter");
    await shows(/queue\.internal/);
    await draw("options", "O, then T: the raw-TCP hosts");
    await keys("Escape");
    await shows(/listen_port/);
    await keys("q");
    await shows(/Method/);
    await keys("i", "~m POST", "Enter");
    await shows(/\[i:~m POST\]/);
    const held = curl(address, "http://shop.example.com/v1/orders", ["--json", '{"item": 7, "count": 2}']);
    await shows(/held:1/);
    await keys("G", "Enter");
    await shows(/"count"/);
    await draw("intercepted", "A request that is held");
    await keys("a", "q", "q", "y");
    await held;
  } finally {
    await tmux("kill-server").catch(() => {});
    await Deno.remove(folder, { recursive: true });
  }
}

function answer(request: Request): Response {
  const { pathname } = new URL(request.url);
  if (request.headers.get("upgrade") === "websocket") {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  }
  if (pathname === "/v1/orders") return Response.json({ order: 4711, state: "accepted" }, { status: 201 });
  if (pathname === "/old") return new Response(null, { status: 301, headers: { Location: "/v1/users" } });
  if (pathname === "/missing") return Response.json({ error: "not found" }, { status: 404 });
  if (pathname === "/report") return new Response("database is away", { status: 503 });
  if (pathname === "/logo.png") {
    return new Response(new Uint8Array(18_000), { headers: { "Content-Type": "image/png" } });
  }
  return Response.json({
    users: [{ id: 1, name: "Ada", roles: ["admin"] }, { id: 2, name: "Grace", roles: [] }],
  });
}

async function traffic(address: string): Promise<void> {
  await curl(address, "http://api.example.com/v1/users?page=2");
  await curl(address, "http://api.example.com/old");
  await curl(address, "http://shop.example.com/logo.png");
  await curl(address, "http://shop.example.com/missing");
  await chat(address);
  await curl(address, "http://api.example.com/v1/users");
  await curl(address, "http://api.example.com/report");
  await curl(address, "http://api.example.com/v1/users?page=3", ["--head"]);
  await curl(address, "http://shop.example.com/v1/orders", ["--json", '{"item": 7}']);
}

async function curl(address: string, url: string, more: readonly string[] = []): Promise<void> {
  const args = ["--silent", "--output", "/dev/null", "--proxy", `http://${address}`, ...more, url];
  await new Deno.Command("curl", { args }).output();
}

/** A WebSocket through the proxy: two messages and their echoes. */
async function chat(address: string): Promise<void> {
  using client = Deno.createHttpClient({ proxy: { url: `http://${address}` } });
  const socket = new WebSocket("ws://chat.example.com/room", { client } as never);
  const echoes = Promise.withResolvers<void>();
  let count = 0;
  socket.onopen = () => {
    socket.send('{"join": "general"}');
    socket.send('{"say": "hello"}');
  };
  socket.onmessage = () => ++count === 2 && socket.close(1000, "bye");
  socket.onclose = () => echoes.resolve();
  socket.onerror = () => echoes.resolve();
  await echoes.promise;
}

async function draw(name: string, title: string): Promise<void> {
  const screen = await tmux("capture-pane", "-e", "-p");
  await Deno.mkdir(pictures, { recursive: true });
  await Deno.writeTextFile(new URL(`${name}.svg`, pictures), terminalSvg(screen, COLUMNS, title));
}

/** Keys by their names in tmux, and texts. */
async function keys(...sent: readonly string[]): Promise<void> {
  for (const key of sent) await tmux("send-keys", key);
}

async function shows(pattern: RegExp): Promise<string> {
  const deadline = Date.now() + WAIT;
  for (;;) {
    const screen = await tmux("capture-pane", "-p");
    if (pattern.test(screen)) return screen;
    if (Date.now() > deadline) throw new Error(`the terminal does not show ${pattern}:\n${screen}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function tmux(...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("tmux", { args: [...TMUX, ...args] }).output();
  if (!success) throw new Error(`tmux ${args[0]}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

if (import.meta.main) {
  await main();
  console.log(`drawn in ${fileURLToPath(pictures)}`);
}
