// The media type of a body (RFC 9110, 8.3).

import { isToken } from "../bytes/ascii.ts";
import { type Fields, trimBlanks } from "../http/fields.ts";

export interface MediaType {
  /** "text/html", lower case; "" when the fields do not say, or say nothing readable. */
  type: string;
  /** As sent, without quotation marks; null when there is none. */
  charset: string | null;
}

/** What the Content-Type field says. */
export function mediaType(fields: Fields): MediaType {
  const value = fields.get("content-type") ?? "";
  const charset = /;[ \t]*charset[ \t]*=[ \t]*(?:"([^"]*)"|([^;"\s]+))/i.exec(value);
  const type = withoutParameters(value).toLowerCase();
  return { type: isMediaType(type) ? type : "", charset: charset?.[1] ?? charset?.[2] ?? null };
}

/** The Content-Type as sent, without its parameters; "" without one. */
export function contentTypeAsSent(fields: Fields): string {
  return withoutParameters(fields.get("content-type") ?? "");
}

/** Whether it is "type/subtype", both tokens. */
export function isMediaType(text: string): boolean {
  const slash = text.indexOf("/");
  return slash > 0 && isToken(text.slice(0, slash)) && isToken(text.slice(slash + 1));
}

export function isJsonType(type: string): boolean {
  return type === "application/json" || type === "text/json" || type.endsWith("+json");
}

export function isFormType(type: string): boolean {
  return type === "application/x-www-form-urlencoded";
}

/** Types whose content is text by their definition. */
export function isTextType(type: string): boolean {
  return type.startsWith("text/") || isJsonType(type) || isFormType(type) || type.endsWith("+xml") ||
    /^application\/(?:xml|xml-dtd|(?:x-|ecma|java)*script|x-ndjson|jsonl|graphql|yaml|x-yaml|toml|sql|manifest)$/
      .test(
        type,
      );
}

function withoutParameters(value: string): string {
  const semicolon = value.indexOf(";");
  return trimBlanks(semicolon < 0 ? value : value.slice(0, semicolon));
}
