// Draws the life of an HTTP/2 stream into ARCHITECTURE.md from its table (lib/http2/stream_states.ts), between two
// marker comments; with --check only says whether it is current.
//   deno run -A scripts/stream_states_markdown.ts [--check]

import {
  type Outcome,
  STREAM_STATES,
  type StreamInput,
  type StreamState,
} from "../lib/http2/stream_states.ts";

const BEGIN = "<!-- stream states:begin -->";
const END = "<!-- stream states:end -->";

const STATES = Object.keys(STREAM_STATES) as StreamState[];
const INPUTS = Object.keys(STREAM_STATES.idle) as StreamInput[];

/** The drawing and the table, ending in a line feed. */
export function streamStatesMarkdown(): string {
  const lines = [
    "```mermaid",
    "stateDiagram-v2",
    ...STATES.map((state) => `  state "${state}" as ${nameOf(state)}`),
    "  [*] --> idle",
    // PUSH_PROMISE names a stream; it is not a frame on it.
    "  idle --> reserved_local: send PUSH_PROMISE",
    "  idle --> reserved_remote: receive PUSH_PROMISE",
    ...transitions(),
    "```",
    "",
    row(["input \\ state", ...STATES]),
    row(["---", ...STATES.map(() => "---")]),
    ...INPUTS.map((input) =>
      row([input, ...STATES.map((state) => cell(state, STREAM_STATES[state][input]))])
    ),
    "",
    "*=*: allowed, the state stays. *ignored*: it may come, and means nothing. An error code stands with what it ends: " +
    "the stream (S) or the connection (C). –: our own mistake; it does not happen.",
  ];
  return lines.join("\n") + "\n";
}

/** `document` with `text` between the markers; null when they are not there. */
export function withStreamStates(document: string, text: string): string | null {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) return null;
  return document.slice(0, begin + BEGIN.length) + "\n\n" + text + "\n" + document.slice(end);
}

function transitions(): string[] {
  const lines: string[] = [];
  for (const from of STATES) {
    const byTarget = Map.groupBy(INPUTS, (input) => STREAM_STATES[from][input]);
    for (const [to, inputs] of byTarget) {
      if (typeof to !== "string" || to === from || to === "ignored" || to === "mistake") continue;
      lines.push(`  ${nameOf(from)} --> ${nameOf(to)}: ${inputs.join(", ")}`);
    }
  }
  return lines;
}

function cell(state: StreamState, outcome: Outcome): string {
  if (typeof outcome !== "string") {
    return `${outcome.code} (${outcome.scope === "stream" ? "S" : "C"})`;
  }
  if (outcome === "mistake") return "–";
  return outcome === state ? "=" : outcome === "ignored" ? "ignored" : `**${outcome}**`;
}

function nameOf(state: StreamState): string {
  return state.replaceAll(/[^a-z]+/g, "_").replace(/_$/, "");
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

if (import.meta.main) {
  const path = new URL("../ARCHITECTURE.md", import.meta.url);
  const document = await Deno.readTextFile(path).catch(() => "");
  const wanted = withStreamStates(document, streamStatesMarkdown());
  if (wanted === null) {
    console.error(`ARCHITECTURE.md has no ${BEGIN} and ${END}`);
    Deno.exit(1);
  }
  if (wanted !== document) {
    if (Deno.args.includes("--check")) {
      console.error(
        "ARCHITECTURE.md: the stream states are stale; run deno run -A scripts/stream_states_markdown.ts",
      );
      Deno.exit(1);
    }
    await Deno.writeTextFile(path, wanted);
  }
}
