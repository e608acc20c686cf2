// A body in either direction, or raw TCP, whose far side stalls and then goes on: what is under way stays bounded while
// it stalls, and everything arrives as it was sent. 256 MiB each; 1 GiB with MITM_BIG=1.

import assert from "node:assert/strict";
import process from "node:process";
import { Program } from "../e2e/program.ts";
import { mebibytes, openEnds, readHead, receive, Sender, writeText } from "./memory_transfer.ts";

const MEBIBYTE = 1024 * 1024;
const SIZE = (process.env["MITM_BIG"] === "1" ? 1024 : 256) * MEBIBYTE;
/** What may be under way while the far side stalls, the system's socket buffers included. */
const UNDER_WAY = 16 * MEBIBYTE;
/** How much the process may grow; the limit of the garbage that its TLS leaves behind, not of what it buffers. */
const GROWTH = 96 * MEBIBYTE;

type Carries = "HTTP download" | "HTTP upload" | "TCP to the client" | "TCP to the origin";

for (const tls of [false, true]) {
  for (
    const carries of ["HTTP download", "HTTP upload", "TCP to the client", "TCP to the origin"] as Carries[]
  ) {
    Deno.test(`memory: ${SIZE / MEBIBYTE} MiB, ${carries}, ${tls ? "TLS" : "plain"}: bounded while stalled, and whole`, async () => {
      const raw = carries.startsWith("TCP");
      await using program = await Program.start(["--detail", "0", ...(raw ? ["--tcp", "."] : [])]);
      using ends = await openEnds(program.port, await Deno.readTextFile(program.caFile), tls);
      const before = await program.memory();
      const { sender, goOn } = await begin(carries, ends);
      const stalled = await sender.stopped();
      const during = await program.memory();
      assert.ok(stalled <= UNDER_WAY, `${mebibytes(stalled)} were taken while nothing was read`);
      assert.ok(stalled < SIZE);
      const started = performance.now();
      await goOn();
      const seconds = (performance.now() - started) / 1000;
      const after = await program.memory();
      if (before === null || during === null || after === null) return;
      const grown = (bytes: number) => mebibytes(bytes - before.resident);
      console.log(
        `${carries}, ${tls ? "TLS" : "plain"}: under way ${mebibytes(stalled)}; resident ${
          mebibytes(before.resident)
        }, ` +
          `grown while stalled ${grown(during.resident)}, at the peak ${grown(after.peak)}, at the end ` +
          `${grown(after.resident)}; ${(SIZE / MEBIBYTE / seconds).toFixed(0)} MiB/s`,
      );
      assert.ok(after.peak - before.resident <= GROWTH, `it grew by ${grown(after.peak)}`);
    });
  }
}

/** Starts the transfer, with a far side that does not read until `goOn`. */
async function begin(
  carries: Carries,
  { client, server, target }: { client: Deno.Conn; server: Deno.Conn; target: string },
): Promise<{ sender: Sender; goOn: () => Promise<void> }> {
  const nothing = new Uint8Array(0);
  switch (carries) {
    case "TCP to the client":
    case "TCP to the origin": {
      const [from, to] = carries === "TCP to the client" ? [server, client] : [client, server];
      const sender = new Sender(from, SIZE);
      return {
        sender,
        goOn: async () => {
          await Promise.all([receive(to, nothing, SIZE), sender.done()]);
        },
      };
    }
    case "HTTP download": {
      await writeText(client, `GET / HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
      await readHead(server);
      await writeText(server, `HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`);
      const { rest } = await readHead(client);
      const sender = new Sender(server, SIZE);
      return {
        sender,
        goOn: async () => {
          await Promise.all([receive(client, rest, SIZE), sender.done()]);
        },
      };
    }
    case "HTTP upload": {
      await writeText(client, `POST / HTTP/1.1\r\nHost: ${target}\r\nContent-Length: ${SIZE}\r\n\r\n`);
      const { rest } = await readHead(server);
      const sender = new Sender(client, SIZE);
      return {
        sender,
        goOn: async () => {
          await Promise.all([receive(server, rest, SIZE), sender.done()]);
          await writeText(server, "HTTP/1.1 204 No Content\r\n\r\n");
          assert.match((await readHead(client)).head, /^HTTP\/1\.1 204 /);
        },
      };
    }
  }
}
