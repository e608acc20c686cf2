// Why there is no usable certificate authority, for a person to read and act on.

export type AuthorityErrorCode =
  | "missing"
  | "unreadable"
  | "unwritable"
  | "not-pem"
  | "damaged"
  | "encrypted"
  | "no-key"
  | "no-certificate"
  | "key-kind"
  | "mismatch"
  | "not-ca"
  | "expired"
  | "not-yet-valid"
  | "stray-certificate";

/** The message is one line: the path, what is wrong, what to do. */
export class AuthorityError extends Error {
  override readonly name = "AuthorityError";
  readonly code: AuthorityErrorCode;
  readonly path: string;

  constructor(code: AuthorityErrorCode, path: string, what: string, cure: string) {
    // deno-lint-ignore no-control-regex
    super(`${path}: ${what}; ${cure}`.replace(/[\u0000-\u001f\u007f]/g, "?"));
    this.code = code;
    this.path = path;
  }
}
