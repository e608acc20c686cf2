import assert from "node:assert/strict";
import { type HarCookie, requestCookies, responseCookies } from "../../lib/export/har_cookies.ts";
import { Fields } from "../../lib/http/fields.ts";

const AT = Date.UTC(2026, 0, 2, 3, 4, 5);

const sent: { name: string; fields: string[]; cookies: HarCookie[] }[] = [
  { name: "none", fields: [], cookies: [] },
  { name: "nothing in it", fields: ["", " ; "], cookies: [] },
  {
    name: "several fields, as HTTP/2 has them",
    fields: ["a=1", "b=2;c=3"],
    cookies: [{ name: "a", value: "1" }, { name: "b", value: "2" }, { name: "c", value: "3" }],
  },
  {
    name: "values as sent",
    fields: [' a = "x y" ; b=%20=; c; =d'],
    cookies: [
      { name: "a", value: '"x y"' },
      { name: "b", value: "%20=" },
      { name: "", value: "c" },
      { name: "", value: "d" },
    ],
  },
  { name: "UTF-8", fields: ["a=\xc3\xa4"], cookies: [{ name: "a", value: "ä" }] },
];

for (const { name, fields, cookies } of sent) {
  Deno.test(`har cookies of a request: ${name}`, () => {
    assert.deepEqual(requestCookies(new Fields(fields.flatMap((value) => ["Cookie", value]))), cookies);
  });
}

const set: { value: string; cookie: Omit<HarCookie, "httpOnly" | "secure"> & Partial<HarCookie> }[] = [
  { value: "a=b", cookie: { name: "a", value: "b" } },
  { value: "a", cookie: { name: "", value: "a" } },
  {
    value: "a=b;path=/x;DOMAIN=.example.com;secure;httponly;samesite=None;Priority=High",
    cookie: {
      name: "a",
      value: "b",
      path: "/x",
      domain: ".example.com",
      secure: true,
      httpOnly: true,
      sameSite: "None",
    },
  },
  {
    value: "a=b; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
    cookie: { name: "a", value: "b", expires: "2026-10-21T07:28:00.000Z" },
  },
  {
    value: "a=b; expires=Wednesday, 21-Oct-26 07:28:00",
    cookie: { name: "a", value: "b", expires: "2026-10-21T07:28:00.000Z" },
  },
  { value: "a=b; Expires=soon", cookie: { name: "a", value: "b" } },
  {
    value: "a=b; Max-Age=60; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
    cookie: { name: "a", value: "b", expires: "2026-01-02T03:05:05.000Z" },
  },
  { value: "a=b; Max-Age=-1", cookie: { name: "a", value: "b", expires: "2026-01-02T03:04:04.000Z" } },
  { value: "a=b; Max-Age=99999999999999999999", cookie: { name: "a", value: "b" } },
  { value: "a=b; Max-Age=1x", cookie: { name: "a", value: "b" } },
  { value: "a=b; Path=/x; Path=/y", cookie: { name: "a", value: "b", path: "/y" } },
];

for (const { value, cookie } of set) {
  Deno.test(`har cookies of a response: ${value}`, () => {
    const fields = Fields.of(["Set-Cookie", value]);
    assert.deepEqual(responseCookies(fields, AT), [{ httpOnly: false, secure: false, ...cookie }]);
  });
}
