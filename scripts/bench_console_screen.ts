// What stands on the terminal the bench shows the console on: the pictures, as lib/console/screen.ts writes them, applied to
// rows of text, and what a person would read there. Pure.

/** Of the terminal. */
export const COLUMNS = 120;
export const ROWS = 40;

const ESC = "\x1b";
/** A picture stands between these: DEC private mode 2026. */
const START = `${ESC}[?2026h`;
const END = `${ESC}[?2026l`;
const CURSOR_SHOWN = `${ESC}[?25h`;
/** A row is written from its first column on. */
const ROW_BEGINS = new RegExp(`${ESC}\\[(\\d+);1H`);
const SEQUENCE = new RegExp(`${ESC}\\[[\\d;?]*[A-Za-z]`, "g");
/** How much is kept of what stands outside of pictures. Characters. */
const SAID_LENGTH = 500;

export interface Status {
  /** Where the focus is, from 1; 0: nowhere. */
  place: number;
  /** How many flows are listed. */
  count: number;
  /** The focus is on the newest flow, whichever that is. */
  follows: boolean;
}

export class ConsoleScreen {
  readonly #decoder = new TextDecoder();
  readonly #rows: string[] = Array(ROWS).fill("");
  #hasCursor = false;
  /** What has come and is not used yet; inside a picture, what has come of it. */
  #rest = "";
  /** When the picture began that has not ended yet. */
  #began: number | null = null;
  #said = "";
  /** How many have come. */
  pictures = 0;
  bytes = 0;

  /** `at`: when they came. `onPicture` is called after each picture, with the time its first byte came. */
  receive(bytes: Uint8Array, at: number, onPicture: (began: number) => void): void {
    this.bytes += bytes.length;
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    for (;;) {
      if (this.#began === null) {
        const start = this.#rest.indexOf(START);
        if (start < 0) {
          // Its beginning may have come in part.
          this.#skip(this.#rest.length - START.length + 1);
          return;
        }
        this.#skip(start);
        this.#rest = this.#rest.slice(START.length);
        this.#began = at;
      }
      const end = this.#rest.indexOf(END);
      if (end < 0) return;
      const began = this.#began;
      this.#apply(this.#rest.slice(0, end));
      this.#rest = this.#rest.slice(end + END.length);
      this.#began = null;
      this.pictures++;
      onPicture(began);
    }
  }

  /** What was last written outside of pictures, such as why it does not start. */
  get said(): string {
    return (this.#said + this.#rest).replace(SEQUENCE, "").trim();
  }

  /** Null: there is none to be seen, or the list is not what is shown. */
  get status(): Status | null {
    for (const row of this.#rows.toReversed()) {
      const found = /^ flows \[(\d+)\/(\d+)\]( ⇩)?/.exec(row);
      if (found !== null) {
        return { place: Number(found[1]), count: Number(found[2]), follows: found[3] !== undefined };
      }
    }
    return null;
  }

  /** The number behind the "?" of the URL of the flow in focus; null: none of that kind is in focus. */
  get focused(): number | null {
    const number = /\?(\d+) /.exec(this.#rows.find((row) => row.startsWith("› ")) ?? "")?.[1];
    return number === undefined ? null : Number(number);
  }

  /** What is being asked, with the answer so far; null: nothing. */
  get question(): string | null {
    return this.#hasCursor ? this.#rows[ROWS - 1] ?? "" : null;
  }

  #skip(length: number): void {
    if (length <= 0) return;
    this.#said = (this.#said + this.#rest.slice(0, length)).slice(-SAID_LENGTH);
    this.#rest = this.#rest.slice(length);
  }

  #apply(picture: string): void {
    this.#hasCursor = picture.includes(CURSOR_SHOWN);
    const [, ...parts] = picture.split(ROW_BEGINS);
    for (let index = 0; index + 1 < parts.length; index += 2) {
      this.#rows[Number(parts[index]) - 1] = (parts[index + 1] ?? "").replace(SEQUENCE, "");
    }
  }
}
