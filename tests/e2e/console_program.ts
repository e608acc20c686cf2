// The console of the program itself: started with its launcher, by a shell, in a terminal.

import assert from "node:assert/strict";
import { peer, type PeerName } from "../kit/peers.ts";
import { testOriginAuthority } from "../kit/proxy_fixture.ts";
import { TmuxTerminal } from "../kit/tmux.ts";
import { checkScreen } from "./console_screen.ts";

/** What a test with a console needs, beside its clients. */
export const consolePeers = ["tmux", "sh"] as const satisfies readonly PeerName[];

/** The shell waits for a command. */
export const PROMPT = /^(?:\^C)*\$$/m;
const LAUNCHER = new URL("../../mitm", import.meta.url).pathname;

export interface ConsoleOptions {
  /** Of its command line. */
  words?: readonly string[];
  columns?: number;
  rows?: number;
  environment?: Readonly<Record<string, string>>;
  /** A module to run in the place of the launcher. */
  module?: URL;
}

interface Parts {
  terminal: TmuxTerminal;
  folder: string;
  port: number;
  /** Of the terminal, before mitm was started. */
  settings: string;
  resources: AsyncDisposableStack;
}

export class ConsoleProgram implements AsyncDisposable {
  readonly terminal: TmuxTerminal;
  /** Where it was started: what it exports is here. */
  readonly folder: string;
  /** Of mitm's own CA. */
  readonly caFile: string;
  readonly port: number;

  readonly #parts: Parts;

  private constructor(parts: Parts) {
    const { terminal, folder, port } = parts;
    this.#parts = parts;
    this.terminal = terminal;
    this.folder = folder;
    this.caFile = `${folder}/config/mitm-ca-cert.pem`;
    this.port = port;
  }

  /** Starts it on a free port; the certificates of test origins are trusted. Resolves once the empty list is shown. */
  static async start(
    { words = [], columns = 100, rows = 20, environment = {}, module }: ConsoleOptions = {},
  ): Promise<ConsoleProgram> {
    await using resources = new AsyncDisposableStack();
    const folder = await Deno.makeTempDir({ prefix: "mitm-console-" });
    resources.defer(() => Deno.remove(folder, { recursive: true }));
    await Deno.writeTextFile(`${folder}/origins.pem`, (await testOriginAuthority()).certificatePem);
    const program = module === undefined ? shellQuoted(LAUNCHER) : runOf(module);
    const allWords = ["-p", "0", "--confdir", "config", "--upstream-ca", "origins.pem", ...words].map(
      shellQuoted,
    );
    const script = `#!/bin/sh\necho $$ >pid\nexec ${program} ${allWords.join(" ")} "$@"\n`;
    await Deno.writeTextFile(`${folder}/mitm`, script, { mode: 0o700 });
    const terminal = await TmuxTerminal.start({
      columns,
      rows,
      folder,
      environment: { MITM_DENO: Deno.execPath(), SSLKEYLOGFILE: "", NO_COLOR: "", ...environment },
    });
    resources.use(terminal);
    const settings = await terminalSettings(terminal, folder);
    await terminal.type("./mitm");
    await terminal.press("Enter");
    const listening = /^ flows .* 127\.0\.0\.1:(\d+)$/m;
    const [, port] = listening.exec(await terminal.until(listening)) ?? [];
    return new ConsoleProgram({
      terminal,
      folder,
      port: Number(port),
      settings,
      resources: resources.move(),
    });
  }

  /** "http://127.0.0.1:PORT" */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  press(...keys: string[]): Promise<void> {
    return this.terminal.press(...keys);
  }

  type(text: string): Promise<void> {
    return this.terminal.type(text);
  }

  until(wanted: RegExp | ((text: string) => boolean)): Promise<string> {
    return this.terminal.until(wanted);
  }

  /** Waits until the picture is the one that is kept under this name (see console_screen.ts). */
  looksLike(name: string): Promise<void> {
    return checkScreen(this.terminal, name);
  }

  /** Once the shell has the terminal again: whether it was given back whole. */
  async checkGivenBack(): Promise<void> {
    const shown = await this.until(PROMPT);
    // It shows what it did before.
    assert.match(shown, /^(?:\$ )?\.\/mitm$/m);
    const { isAlternate, cursorShown, wraps } = await this.terminal.facts();
    assert.deepEqual({ isAlternate, cursorShown, wraps }, {
      isAlternate: false,
      cursorShown: true,
      wraps: true,
    });
    assert.equal(await terminalSettings(this.terminal, this.folder), this.#parts.settings);
  }

  /** Once it has ended, and has given the terminal back whole. */
  async exitCode(): Promise<number> {
    await this.until(PROMPT);
    await this.type("echo code $?");
    await this.press("Enter");
    const said = /^code (\d+)$/m;
    const code = Number(said.exec(await this.until(said))?.[1]);
    await this.checkGivenBack();
    return code;
  }

  /** Sends it a signal: "TERM". */
  async signal(name: string): Promise<void> {
    const pid = (await Deno.readTextFile(`${this.folder}/pid`)).trim();
    // Nobody else who has got its number since.
    const script = `test "$(readlink /proc/${pid}/cwd)" = ${this.folder} && kill -${name} ${pid}`;
    const { success } = await new Deno.Command(peer("sh")!, { args: ["-c", script] }).output();
    if (!success) throw new Error(`kill -${name} ${pid} failed`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Whatever became of it, and of its terminal.
    await this.signal("KILL").catch(() => {});
    await this.#parts.resources.disposeAsync();
  }
}

/** What a test says most often. */
export function keysOf(program: ConsoleProgram): Pick<ConsoleProgram, "press" | "type" | "until"> {
  return {
    press: (...keys) => program.press(...keys),
    type: (text) => program.type(text),
    until: (wanted) => program.until(wanted),
  };
}

/** What `stty -a` says, without the size. */
async function terminalSettings(terminal: TmuxTerminal, folder: string): Promise<string> {
  await Deno.remove(`${folder}/settings`).catch(() => {});
  await terminal.type("stty -a >settings; echo settings known");
  await terminal.press("Enter");
  await terminal.until(/^settings known\n\$$/m);
  await terminal.type("clear");
  await terminal.press("Enter");
  await terminal.until(/^\$\n*$/);
  return (await Deno.readTextFile(`${folder}/settings`)).replace(/rows \d+; columns \d+;/, "");
}

function runOf(module: URL): string {
  const config = new URL("../../deno.json", import.meta.url).pathname;
  return `"$MITM_DENO" run --quiet --no-prompt --frozen --allow-all --config ${
    [config, module.pathname].map(shellQuoted).join(" ")
  }`;
}

function shellQuoted(word: string): string {
  return /^[\w./:=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
