// How much the windows of many connections may grow together beyond what each stream begins with: memory is one for
// all of them.
// Invariant: what a connection has taken goes back when its streams end, or when it is lost.

export class WindowBudget {
  /** Bytes nobody has. */
  left: number;

  constructor(bytes: number) {
    this.left = bytes;
  }
}
