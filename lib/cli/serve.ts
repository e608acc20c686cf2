// One proxy from its start to its end: authority, hooks, store, event log, listening, and Ctrl-C.

import { FlowStore } from "../flow/store.ts";
import { Hooks, type LogEntry } from "../hooks/hooks.ts";
import { ListenError } from "../net/listen.ts";
import { Proxy } from "../proxy/proxy.ts";
import { AuthorityError } from "../tls/authority_error.ts";
import { loadAuthority, type LoadedAuthority, loadOrCreateAuthority } from "../tls/authority_files.ts";
import { EventLines } from "../console/event_lines.ts";
import { attachEventLog, type EventLogOptions } from "./event_log.ts";
import { LogOutput } from "./log_output.ts";
import type { OptionValues } from "./options_table.ts";
import { colorWanted, wantsConsole } from "./terminal_facts.ts";
import type { LoadedOptions } from "./settings_from_options.ts";
import { startupJson, startupText } from "./startup_text.ts";
import { EXIT_ENVIRONMENT, oneLine, UsageError } from "./usage_error.ts";
import { version } from "./version.ts";

/** What is open gets this long to end by itself after Ctrl-C. Milliseconds. */
const STOP_GRACE = 2000;
/** The exit code of a program that SIGINT ended: 128 and the signal's number. */
const EXIT_INTERRUPTED = 130;

/** Null when the proxy has stopped as it was told; else why it could not start. */
export async function serveUntilStopped(loaded: LoadedOptions): Promise<UsageError | null> {
  const { values, settings } = loaded;
  const loadedAuthority = await openAuthority(loaded);
  if (loadedAuthority instanceof UsageError) return loadedAuthority;
  const { authority, certificatePath, created, warnings } = loadedAuthority;

  const json = values.log_format === "json";
  const withConsole = wantsConsole(values);
  if (values.intercept !== null && !withConsole) return nobodyToIntercept();
  const output = new LogOutput(Deno.stdout);
  const events = new EventLines();
  const hooks: Hooks = new Hooks((name, error) => {
    const message = `a ${name} hook failed: ${reason(error)}`;
    // The log's own hook cannot tell of itself.
    if (name === "log") console.error(`mitm: ${message}`);
    else warn("error", "hook-failed", message);
  });
  const warn = (level: LogEntry["level"], code: string, message: string) => {
    hooks.run("log", { level, at: Date.now(), message, client: null, code, rule: null });
  };
  const log = attachEventLog(
    hooks,
    withConsole ? consoleLogOptions(values, events) : eventLogOptions(values, output),
  );
  // Whoever does not read is noticed by `readerGone`.
  const say = (text: string) => void output.write(text).catch(() => {});
  const store = new FlowStore({ byteBudget: values.flow_budget, flowLimit: values.flow_limit });
  using _internal = reportInternalErrors((message) => warn("error", "internal-error", message));
  using stopping = new StopSignals();
  const proxy = new Proxy(settings, { authority, hooks, store });
  try {
    const { host, port } = await proxy.start();
    const facts = {
      version,
      host,
      port,
      mode: settings.mode,
      certificatePath,
      certificateCreated: created,
    };
    if (withConsole) events.add(startupText(facts));
    else if (!values.quiet) say(json ? startupJson(facts, Date.now()) : startupText(facts));
    for (const warning of warnings) warn("warn", "authority", warning);
    if (Deno.env.get("SSLKEYLOGFILE")) warn("warn", "no-key-log", NO_KEY_LOG);
    if (!withConsole) await Promise.race([stopping.wanted, output.readerGone]);
    else {
      const { runConsole } = await import("./serve_console.ts");
      await runConsole({ loaded, hooks, store, proxy, events, facts, stopped: stopping.wanted });
    }
  } catch (error) {
    if (error instanceof ListenError) return new UsageError(error.message, EXIT_ENVIRONMENT);
    throw error;
  } finally {
    await proxy.stop(STOP_GRACE);
    await log.close();
  }
  return null;
}

// Measured with Deno 2.9.6: the TLS of node:tls, in use on both legs, emits no keylog event and writes no file.
const NO_KEY_LOG =
  "SSLKEYLOGFILE is set, but the platform does not give the secrets of TLS connections: nothing is written to it";

async function openAuthority(
  { authorityFile, configFolder }: LoadedOptions,
): Promise<LoadedAuthority | UsageError> {
  try {
    if (authorityFile === null) return await loadOrCreateAuthority(configFolder);
    const authority = await loadAuthority(authorityFile);
    return { authority, created: false, certificatePath: authorityFile, warnings: [] };
  } catch (error) {
    if (error instanceof AuthorityError) return new UsageError(error.message, EXIT_ENVIRONMENT);
    throw error;
  }
}

function nobodyToIntercept(): UsageError {
  return new UsageError(
    "--intercept: what it holds waits for a person at the console, and there is none; " +
      "accepted: a terminal, without --no-console and --log-format json",
  );
}

/** What the console shows as its event log: no flows, it has a list of them. */
function consoleLogOptions(values: OptionValues, events: EventLines): EventLogOptions {
  return {
    detail: 1,
    format: "text",
    quiet: values.quiet,
    verbose: values.verbose,
    color: false,
    flows: false,
    write: (text) => events.add(text),
  };
}

function eventLogOptions(values: OptionValues, output: LogOutput): EventLogOptions {
  const options: EventLogOptions = {
    detail: values.detail,
    format: values.log_format,
    quiet: values.quiet,
    verbose: values.verbose,
    color: values.color === "always" || values.color === "auto" && colorWanted(),
    write: (text) => output.write(text),
    ...(values.filter === null ? {} : { shows: values.filter.matches }),
  };
  if (!Deno.stdout.isTerminal()) return options;
  return {
    ...options,
    // Asked for at each line: a window changes its size.
    get columns() {
      return Deno.consoleSize().columns;
    },
  };
}

/** SIGINT and SIGTERM, while it is in use. The first one asks to stop, the second one ends the process. */
class StopSignals {
  readonly #wanted = Promise.withResolvers<void>();
  // Windows knows no SIGTERM; SIGBREAK is its Ctrl-Break.
  readonly #signals: readonly Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM"];
  #heard = false;
  readonly #onSignal = () => {
    if (this.#heard) Deno.exit(EXIT_INTERRUPTED);
    this.#heard = true;
    this.#wanted.resolve();
  };

  constructor() {
    for (const signal of this.#signals) Deno.addSignalListener(signal, this.#onSignal);
  }

  get wanted(): Promise<void> {
    return this.#wanted.promise;
  }

  [Symbol.dispose](): void {
    for (const signal of this.#signals) Deno.removeSignalListener(signal, this.#onSignal);
  }
}

/** A mistake of our own in one connection must not end all others: it is logged, and the process goes on. */
function reportInternalErrors(report: (message: string) => void): Disposable {
  const onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    report(`internal error: ${reason(event.reason)}`);
  };
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    report(`internal error: ${reason(event.error)}`);
  };
  globalThis.addEventListener("unhandledrejection", onRejection);
  globalThis.addEventListener("error", onError);
  return {
    [Symbol.dispose]() {
      globalThis.removeEventListener("unhandledrejection", onRejection);
      globalThis.removeEventListener("error", onError);
    },
  };
}

/** The error and where it was thrown, on one line. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(String(error));
  const place = /^\s+(at .*)$/m.exec(error.stack ?? "")?.[1];
  return oneLine(`${error.name}: ${error.message}` + (place === undefined ? "" : `, ${place}`));
}
