// Cookie lines of requests, and the crumbs that go out: RFC 9113, 8.2.3.

import { Fields } from "../../lib/http/fields.ts";
import { get, type RequestWritingRow } from "./request_head_writing_rows.ts";

const long = (crumb: (index: number) => string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => crumb(index));
const crumbs = long((index) => `name${index}=${"v".repeat(30)}`, 10);
const many = long((index) => `n${index}=0123456789abcdefghij`, 40);

export const cookieRows: RequestWritingRow[] = [
  {
    name: "a long cookie line is split",
    rule: "RFC 9113, 8.2.3",
    head: { fields: Fields.of(["Cookie", crumbs.join("; ")]) },
    lines: [...get, ...crumbs.map((crumb) => `cookie: ${crumb}`)],
  },
  {
    name: "into so many crumbs and no more",
    rule: "RFC 9113, 8.2.3",
    head: { fields: Fields.of(["Cookie", many.join("; ")]) },
    lines: [
      ...get,
      ...many.slice(0, 31).map((crumb) => `cookie: ${crumb}`),
      `cookie: ${many.slice(31).join("; ")}`,
    ],
  },
  ...[" ; y", ";  y", "; ; y"].map((oddity): RequestWritingRow => ({
    name: `a cookie line with ${JSON.stringify(oddity)} in it has crumbs that cannot stand alone`,
    rule: "RFC 9113, 8.2.3",
    head: { fields: Fields.of(["Cookie", `${crumbs.join("; ")}${oddity}; z`]) },
    lines: [...get, `cookie: ${crumbs.join("; ")}${oddity}; z`],
  })),
  {
    name: "a shorter one is not",
    rule: "RFC 9113, 8.2.3",
    head: { fields: Fields.of(["Cookie", "a=0123456789; b=0123456789"]) },
    lines: [...get, "cookie: a=0123456789; b=0123456789"],
  },
  {
    name: "nor what came as crumbs",
    rule: "RFC 9113, 8.2.3",
    head: { version: "HTTP/2.0", fields: Fields.of(["cookie", crumbs.join("; ")], ["cookie", "a=b"]) },
    lines: [...get, `cookie: ${crumbs.join("; ")}`, "cookie: a=b"],
  },
];
