import assert from "node:assert/strict";
import { formatClock, formatDuration, formatSize, formatTimestamp } from "../../lib/format/units.ts";

const sizes: [bytes: number, text: string][] = [
  [0, "0B"],
  [1, "1B"],
  [999, "999B"],
  [1000, "1kB"],
  [1049, "1kB"],
  [1050, "1.1kB"],
  [12_340, "12.3kB"],
  [99_949, "99.9kB"],
  [99_950, "100kB"],
  [340_499, "340kB"],
  [999_499, "999kB"],
  [999_500, "1MB"],
  [104_857_600, "105MB"],
  [5e9, "5GB"],
  [7.25e12, "7.3TB"],
  [3e15, "3000TB"],
];

for (const [bytes, text] of sizes) {
  Deno.test(`size: ${bytes} is ${text}`, () => assert.equal(formatSize(bytes), text));
}

const durations: [milliseconds: number, text: string][] = [
  [-3, "0ms"],
  [0, "0ms"],
  [0.44, "0.4ms"],
  [9.94, "9.9ms"],
  [9.95, "10ms"],
  [34.4, "34ms"],
  [999.4, "999ms"],
  [999.5, "1.00s"],
  [1234, "1.23s"],
  [9994, "9.99s"],
  [9995, "10.0s"],
  [59_949, "59.9s"],
  [59_950, "1m00s"],
  [125_000, "2m05s"],
  [3_599_499, "59m59s"],
  [3_599_500, "1h00m"],
  [3_720_000, "1h02m"],
  [90_000_000, "25h00m"],
];

for (const [milliseconds, text] of durations) {
  Deno.test(`duration: ${milliseconds} is ${text}`, () => assert.equal(formatDuration(milliseconds), text));
}

Deno.test("clock: local time with milliseconds", () => {
  assert.equal(formatClock(new Date(2026, 0, 2, 4, 3, 2, 7).getTime()), "04:03:02.007");
  assert.equal(formatClock(new Date(2026, 11, 31, 23, 59, 59, 999).getTime() + 0.7), "23:59:59.999");
});

Deno.test("timestamp: RFC 3339 in UTC with milliseconds", () => {
  assert.equal(formatTimestamp(Date.UTC(2026, 0, 2, 3, 4, 5, 6)), "2026-01-02T03:04:05.006Z");
});
