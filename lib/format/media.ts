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
  const type = contentTypeAsSent(fields).toLowerCase();
  return { type: isMediaType(type) ? type : "", charset: contentTypeParameter(fields, "charset") };
}

/** The Content-Type as sent, without its parameters; "" without one. */
export function contentTypeAsSent(fields: Fields): string {
  return withoutParameters(fields.get("content-type") ?? "");
}

/** A parameter of the Content-Type, without quotation marks; null without it. `name` in lower case. */
export function contentTypeParameter(fields: Fields, name: string): string | null {
  const value = fields.get("content-type") ?? "";
  const found = new RegExp(`;[ \\t]*${name}[ \\t]*=[ \\t]*(?:"([^"]*)"|([^;"\\s]+))`, "i").exec(value);
  return found?.[1] ?? found?.[2] ?? null;
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

export function isJsonLinesType(type: string): boolean {
  return /^application\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines)$/.test(type);
}

export function isHtmlType(type: string): boolean {
  return type === "text/html";
}

export function isXmlType(type: string): boolean {
  return type === "text/xml" || type === "application/xml" || type.endsWith("+xml");
}

export function isMultipartType(type: string): boolean {
  return type.startsWith("multipart/");
}

export function isProtobufType(type: string): boolean {
  return /^application\/(?:(?:x-|vnd\.google\.|x-google-)?protobuf|proto|(?!grpc)[^+]+\+proto(?:buf)?)$/.test(
    type,
  );
}

/** gRPC and gRPC-Web, but not its form in base64. */
export function isGrpcType(type: string): boolean {
  return /^application\/grpc(?:-web)?(?:\+[^/]+)?$/.test(type);
}

/** Types whose content is text by their definition. */
export function isTextType(type: string): boolean {
  return type.startsWith("text/") || isJsonType(type) || isFormType(type) || isJsonLinesType(type) ||
    type.endsWith("+xml") ||
    /^application\/(?:xml|xml-dtd|(?:x-|ecma|java)*script|graphql|yaml|x-yaml|toml|sql|manifest)$/
      .test(
        type,
      );
}

function withoutParameters(value: string): string {
  const semicolon = value.indexOf(";");
  return trimBlanks(semicolon < 0 ? value : value.slice(0, semicolon));
}
