// Keys for frames we mask ourselves (RFC 6455, 5.3: fresh, and not to be guessed); those passed on keep their own.

const pool = new Uint32Array(1024);
let next = pool.length;

export function newMaskKey(): number {
  if (next === pool.length) {
    crypto.getRandomValues(pool);
    next = 0;
  }
  return pool[next++] ?? 0;
}
