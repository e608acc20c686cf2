// `x` and `w`: flows as files for other programs. What is asked for is written to a file that is named, or shown for "-".
// Invariant: a file that is there already is not written over without a yes.

import { curlCommand } from "../export/curl_command.ts";
import { flowFile } from "../export/flow_file.ts";
import { harText } from "../export/har.ts";
import { rawMessages, rawRequest, rawResponse } from "../export/raw_messages.ts";
import type { Flow } from "../flow/record.ts";
import { decodePrintable, splitLines } from "../format/decode_text.ts";
import { escapeText } from "../format/escape.ts";
import { hexDump } from "../format/hex.ts";
import type { FlowList } from "./flow_list.ts";
import { type Line, line } from "./line.ts";
import { TextView } from "./text_view.ts";
import type { ViewHost } from "./view.ts";

/** Pieces of a file, made one after the other: what is written need not be held whole. */
type Pieces = Iterable<Uint8Array | string>;

interface Export {
  what: string;
  /** The name that is proposed. */
  file: string;
  pieces: () => Pieces;
}

/** Asks what of the flow in focus is exported; HAR takes the marked flows, where there are any. */
export function askExport(host: ViewHost, list: FlowList, flow: Flow, version: string): void {
  const marked = [...list.flows()].filter((other) => other.marked);
  const selection = marked.length > 0 ? marked : [flow];
  const name = `flow-${flow.id}`;
  const har: Export = {
    what: selection.length === 1 ? "HAR of this flow" : `HAR of ${selection.length} marked flows`,
    file: `${name}.har`,
    pieces: () => harText(selection, version),
  };
  const exports: [key: string, kind: Export][] = flow.kind === "http"
    ? [
      ["c", { what: "curl command", file: `${name}.sh`, pieces: () => [`${curlCommand(flow)}\n`] }],
      ["q", { what: "raw request", file: `${name}.request`, pieces: () => [rawRequest(flow)] }],
      ["s", { what: "raw response", file: `${name}.response`, pieces: () => [rawResponse(flow)] }],
      ["h", har],
    ]
    : [
      ["q", {
        what: "what the client sent",
        file: `${name}.client`,
        pieces: () => [rawMessages(flow, true)],
      }],
      ["s", {
        what: "what the server sent",
        file: `${name}.server`,
        pieces: () => [rawMessages(flow, false)],
      }],
    ];
  host.choose({
    label: "export:",
    keys: exports.map(([key, kind]) => ({ key, what: kind.what, chosen: () => askFile(host, kind) })),
  });
}

/** Saves the flows that are listed: as HAR where the name ends so, else as a flow file of mitmproxy's. */
export function askSave(host: ViewHost, list: FlowList, version: string): void {
  host.ask({
    label: `save ${list.length} flows to (.har for HAR, else a flow file)`,
    initial: "flows.mitm",
    submit: (file) => {
      if (file.trim() === "") return "the name of a file";
      const flows = [...list.flows()];
      const pieces = () => /\.har$/i.test(file) ? harText(flows, version) : flowFile(flows);
      return write(host, file.trim(), pieces, false);
    },
  });
}

function askFile(host: ViewHost, { what, file, pieces }: Export): void {
  host.ask({
    label: `${what} to (- shows it)`,
    initial: file,
    submit: (name) => {
      if (name.trim() === "") return "the name of a file, or -";
      if (name.trim() !== "-") return write(host, name.trim(), pieces, false);
      show(host, what, pieces());
      return null;
    },
  });
}

function show(host: ViewHost, title: string, pieces: Pieces): void {
  const lines: Line[] = [];
  for (const piece of pieces) {
    const text = typeof piece === "string" ? piece : decodePrintable(piece);
    if (text !== null) { for (const part of splitLines(text)) lines.push(line(escapeText(part))); }
    else if (typeof piece !== "string") { for (const part of hexDump(piece)) lines.push(line(part)); }
  }
  host.open(new TextView({ title, lines: () => lines, help: [] }));
}

async function write(
  host: ViewHost,
  name: string,
  pieces: () => Pieces,
  replace: boolean,
): Promise<string | null> {
  let written = 0;
  try {
    using file = await Deno.open(name, {
      write: true,
      truncate: replace,
      create: replace,
      createNew: !replace,
      mode: 0o600,
    });
    const encoder = new TextEncoder();
    for (const piece of pieces()) {
      const bytes = typeof piece === "string" ? encoder.encode(piece) : piece;
      for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
      written += bytes.length;
    }
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      askReplace(host, name, pieces);
      return null;
    }
    return `${name}: ${error instanceof Error ? error.message : error}`;
  }
  host.say(`${written} bytes written to ${name}`);
  return null;
}

function askReplace(host: ViewHost, name: string, pieces: () => Pieces): void {
  host.choose({
    label: `${name} is there already: write over it?`,
    keys: [
      {
        key: "y",
        what: "yes",
        chosen: () => {
          write(host, name, pieces, true).then((reason) => {
            if (reason !== null) host.say(reason, "error");
          });
        },
      },
      { key: "n", what: "no", chosen: () => {} },
    ],
  });
}
