// Texts that are UTF-8 and texts that are not, in the families of the decoder tests that everybody uses
// (RFC 3629, 3 and 4; RFC 6455, 8.1). In hex. "|" stands before the byte that proves a text wrong, or at its end, where
// only the end does.

export interface Utf8Row {
  family: string;
  hex: string;
}

function family(name: string, ...texts: string[]): Utf8Row[] {
  return texts.map((hex) => ({ family: name, hex }));
}

/** κόσμε */
const kosme = ["ce", "ba", "e1", "bd", "b9", "cf", "83", "ce", "bc", "ce", "b5"];
const prefixes = kosme.map((_, index) => kosme.slice(0, index + 1).join(" "));
/** After these bytes of it a code point has ended. */
const wholes = new Set([2, 5, 7, 9, 11]);

function range(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => (from + index).toString(16));
}

/** U+nFFFE and U+nFFFF of all planes but the first. */
const nonCharacters = ["f0", "f1", "f2", "f3", "f4"].flatMap((lead) =>
  ["8f", "9f", "af", "bf"].flatMap((second) => {
    const isTooSmall = lead === "f0" && second === "8f";
    const isTooLarge = lead === "f4" && second !== "8f";
    return isTooSmall || isTooLarge ? [] : ["be", "bf"].map((last) => `${lead} ${second} bf ${last}`);
  })
);

export const validTexts: readonly Utf8Row[] = [
  ...family("nothing", ""),
  ...family(
    "code points of every length",
    "68 65 6c 6c 6f 24 77 6f 72 6c 64",
    "68 65 6c 6c 6f c2 a2 77 6f 72 6c 64",
    "68 65 6c 6c 6f e2 82 ac 77 6f 72 6c 64",
    "68 65 6c 6c 6f f0 a4 ad a2 77 6f 72 6c 64",
    "48 65 6c 6c 6f 2d c2 b5 40 c3 9f c3 b6 c3 a4 c3 bc c3 a0 c3 a1 2d 55 54 46 2d 38 21 21",
  ),
  ...family("beginnings of a text", ...prefixes.filter((_, index) => wholes.has(index + 1))),
  ...family("first of its length", "00", "c2 80", "e0 a0 80", "f0 90 80 80"),
  ...family("last of its length", "7f", "df bf", "ef bf bf", "f4 8f bf bf"),
  ...family("borders", "ed 9f bf", "ee 80 80", "ef bf bd", "f0 90 80 80", "f3 bf bf bf", "f4 80 80 80"),
  ...family("a byte order mark", "ef bb bf", "ef bb bf 61", "61 ef bb bf"),
  ...family("non-characters", "ef b7 90", "ef b7 af", "ef bf be", "ef bf bf", ...nonCharacters),
  ...family("specials", "ef bf b9", "ef bf ba", "ef bf bb", "ef bf bc", "ef bf bd"),
];

const tooLong = ["f8", "f9", "fa", "fb", "fc", "fd"];

export const invalidTexts: readonly Utf8Row[] = [
  ...family(
    "beginnings of a text",
    ...prefixes.filter((_, index) => !wholes.has(index + 1)).map((hex) => `${hex} |`),
  ),
  ...family("first of 5 and 6 bytes", "| f8 88 80 80 80", "| fc 84 80 80 80 80"),
  ...family("last of 4, 5 and 6 bytes", "| f7 bf bf bf", "| fb bf bf bf bf", "| fd bf bf bf bf bf"),
  ...family("above U+10FFFF", "f4 | 90 80 80", "f4 | bf bf bf", "| f5 80 80 80", "| f6 80 80 80"),
  ...family(
    "unexpected continuation bytes",
    "| 80",
    "| bf",
    "| 80 bf",
    "| 80 bf 80",
    "| 80 bf 80 bf 80 bf",
    "61 | 80",
    "ce ba | 80",
    "e1 bd b9 | bf",
    "f0 90 80 80 | 80",
    `| ${range(0x80, 0xbf).join(" ")}`,
  ),
  ...family("lonely first bytes", ...range(0xc2, 0xf4).map((lead) => `${lead} | 20`)),
  ...family(
    "first bytes that never are",
    ...["c0", "c1", ...range(0xf5, 0xff)].map((lead) => `61 | ${lead} 80`),
  ),
  ...family(
    "the last continuation byte is missing",
    "df |",
    "ef bf |",
    "f4 8f bf |",
    "e0 a0 |",
    "f0 90 80 |",
    "df | df bf",
    "ef bf | 61",
    "f4 8f bf | c2 80",
    "| c0",
    "e0 | 80",
    "f0 | 80 80",
    "| f7 bf bf",
  ),
  ...family("incomplete ones in a row", "df | ef bf f4 8f bf", "ef bf | df f4 8f bf", "f4 8f bf | ef bf df"),
  ...family("bytes that never are", "| fe", "| ff", "| fe fe ff ff", "61 62 63 64 65 | fe"),
  ...family(
    "overlong slashes",
    "| c0 af",
    "e0 | 80 af",
    "f0 | 80 80 af",
    ...tooLong.map((lead) => `| ${lead} 80 80 80 af`),
  ),
  ...family(
    "largest overlong",
    "| c1 bf",
    "e0 | 9f bf",
    "f0 | 8f bf bf",
    "| f8 87 bf bf bf",
    "| fc 83 bf bf bf bf",
  ),
  ...family(
    "overlong zeros",
    "| c0 80",
    "e0 | 80 80",
    "f0 | 80 80 80",
    "| f8 80 80 80 80",
    "| fc 80 80 80 80 80",
  ),
  ...family(
    "surrogates",
    ...["a0 80", "ad bf", "ae 80", "af bf", "b0 80", "be 80", "bf bf"].map((rest) => `ed | ${rest}`),
  ),
  ...family(
    "pairs of surrogates",
    ...["a0 80 ed b0 80", "a0 80 ed bf bf", "ad bf ed b0 80", "ae 80 ed bf bf", "af bf ed bf bf"].map((
      rest,
    ) => `ed | ${rest}`),
  ),
  ...family(
    "limits of a second byte are not those of a third",
    "e0 a0 | c0",
    "ed 80 | 7f",
    "f0 90 | 7f 80",
    "f0 90 80 | c0",
    "f4 80 | c0 80",
    "ed 9f bf ed | a0 80",
    "e0 a0 80 e1 80 80 e0 | 9f bf",
    "f4 8f bf bf f1 90 80 80 f4 | 90 80 80",
  ),
  ...family(
    "wrong after much that is right",
    `${kosme.join(" ")} ed | a0 80 65 64 69 74 65 64`,
    `${kosme.join(" ")} f4 | 90 80 80 65 64 69 74 65 64`,
    `${kosme.join(" ")} f4 |`,
    `${"61 ".repeat(40)} | 80`,
  ),
];

/** How many bytes of the text tell that it is wrong; null: only its end does. */
export function toldWith({ hex }: Utf8Row): number | null {
  const [before = "", after = ""] = hex.split("|");
  return after.trim() === "" ? null : before.trim().split(/\s+/).filter((text) => text !== "").length + 1;
}

export function textHex({ hex }: Utf8Row): string {
  return hex.replace("|", "");
}
