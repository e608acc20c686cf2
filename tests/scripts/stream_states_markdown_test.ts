// The drawing of stream states in ARCHITECTURE.md is the table the codec runs on.

import assert from "node:assert/strict";
import { streamStatesMarkdown, withStreamStates } from "../../scripts/stream_states_markdown.ts";

Deno.test("ARCHITECTURE.md draws the stream states as they are", async () => {
  const document = await Deno.readTextFile(new URL("../../ARCHITECTURE.md", import.meta.url));
  assert.equal(
    withStreamStates(document, streamStatesMarkdown()),
    document,
    "run scripts/stream_states_markdown.ts",
  );
});

Deno.test("every state and every way between them is drawn", () => {
  const text = streamStatesMarkdown();
  for (
    const line of [
      "idle --> open: receive HEADERS, send HEADERS",
      "open --> half_closed_remote: receive END_STREAM",
      "half_closed_remote --> closed: send END_STREAM",
      "reserved_remote --> half_closed_local: receive HEADERS",
    ]
  ) assert.ok(text.includes(line), line);
  assert.ok(text.includes("STREAM_CLOSED (C)"));
});
