// Sizes, durations and times for people, and RFC 3339 times for machines.
// Invariant: no result holds a blank, so that a line splits into words.

const SIZE_UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Bytes with three digits at most: "0B", "999B", "1.2kB", "340kB", "2MB". Steps of 1000. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (unit < SIZE_UNITS.length - 1 && roundSize(value, unit) >= 1000) {
    value /= 1000;
    unit++;
  }
  return `${roundSize(value, unit)}${SIZE_UNITS[unit] ?? ""}`;
}

/** Milliseconds: "0.4ms", "34ms", "1.23s", "12.3s", "2m05s", "1h02m". */
export function formatDuration(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 9.95) return `${Math.round(ms * 10) / 10}ms`;
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  if (ms < 9_995) return `${(ms / 1000).toFixed(2)}s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${twoDigits(seconds % 60)}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}h${twoDigits(minutes % 60)}m`;
}

/** "14:03:22.123", local time. `at` is in milliseconds since the epoch. */
export function formatClock(at: number): string {
  const date = new Date(at);
  const milliseconds = date.getMilliseconds().toString().padStart(3, "0");
  return `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}:${
    twoDigits(date.getSeconds())
  }.${milliseconds}`;
}

/** RFC 3339, 5.6: date-time in UTC with milliseconds. */
export function formatTimestamp(at: number): string {
  return new Date(at).toISOString();
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

/** As shown: one decimal below 100 (never for plain bytes), none from there on. */
function roundSize(value: number, unit: number): number {
  return unit === 0 || value >= 99.95 ? Math.round(value) : Math.round(value * 10) / 10;
}
