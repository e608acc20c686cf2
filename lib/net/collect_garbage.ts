// Asks V8 for a small collection after much TLS traffic. Deno's TLS makes a new buffer of every read and write, and V8
// lets about 100 MiB of them pile up before it looks; a minor collection then takes about a millisecond.
// Works where V8 was started with --expose-gc (scripts/deno_path.sh); does nothing elsewhere.

/** Bytes of TLS traffic between two collections: at 500 MB/s some sixty a second. */
const INTERVAL = 8 * 1024 * 1024;

const collect: unknown = Reflect.get(globalThis, "gc");
let sinceLast = 0;

/** `bytes` of TLS traffic have gone by. */
export function countTlsTraffic(bytes: number): void {
  sinceLast += bytes;
  if (sinceLast < INTERVAL) return;
  sinceLast = 0;
  if (typeof collect === "function") collect({ type: "minor" });
}
