// Which part of a long list of rows stands in a window, and which row is in focus.
// Invariant: the focus is in the window, and the window within the rows, as far as there are any.

import type { Key } from "./key.ts";

export class Scroll {
  focus = 0;
  top = 0;

  /** Fits focus and window to `count` rows in a window of `height`. */
  fit(count: number, height: number): void {
    this.focus = Math.max(0, Math.min(this.focus, count - 1));
    if (this.focus < this.top) this.top = this.focus;
    if (this.focus >= this.top + height) this.top = this.focus - height + 1;
    this.top = Math.max(0, Math.min(this.top, count - height));
  }

  /** Whether the key moved the focus. */
  key(key: Key, count: number, height: number): boolean {
    const page = Math.max(1, height - 1);
    switch (key) {
      case "up":
      case "k":
        this.focus--;
        break;
      case "down":
      case "j":
        this.focus++;
        break;
      case "pageup":
      case "ctrl b":
        this.focus -= page;
        this.top -= page;
        break;
      case "pagedown":
      case "ctrl f":
      case " ":
        this.focus += page;
        this.top += page;
        break;
      case "home":
      case "g":
        this.focus = 0;
        break;
      case "end":
      case "G":
        this.focus = count - 1;
        break;
      default:
        return false;
    }
    this.fit(count, height);
    return true;
  }
}

/** The same for text, where it is the window that moves. */
export class TextScroll {
  top = 0;

  fit(count: number, height: number): void {
    this.top = Math.max(0, Math.min(this.top, count - height));
  }

  key(key: Key, count: number, height: number): boolean {
    const page = Math.max(1, height - 1);
    switch (key) {
      case "up":
      case "k":
        this.top--;
        break;
      case "down":
      case "j":
        this.top++;
        break;
      case "pageup":
      case "ctrl b":
        this.top -= page;
        break;
      case "pagedown":
      case "ctrl f":
        this.top += page;
        break;
      case "home":
      case "g":
        this.top = 0;
        break;
      case "end":
      case "G":
        this.top = count;
        break;
      default:
        return false;
    }
    this.fit(count, height);
    return true;
  }
}
