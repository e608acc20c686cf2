// The certificate authority's files: an own one in the config folder, made on first start, or any PEM file the user names.
// Invariants: nothing is ever overwritten; a file is there whole or not at all; the private key's file is open to its
// owner alone from its first byte; of several processes that start at once on an empty folder one makes the
// authority and all use it.

import { join } from "node:path";
import { latin1Decode, latin1Encode } from "../bytes/latin1.ts";
import { AuthorityError } from "./authority_error.ts";
import { makeAuthorityPem, readAuthorityPem } from "./authority_material.ts";
import { CertificateAuthority } from "./certificate_authority.ts";

/** The private key (PKCS#8) and the certificate. */
export const AUTHORITY_FILE = "mitm-ca.pem";
/** The certificate alone, to be installed in clients, as PEM and as DER. */
export const AUTHORITY_CERTIFICATE_PEM_FILE = "mitm-ca-cert.pem";
export const AUTHORITY_CERTIFICATE_DER_FILE = "mitm-ca-cert.cer";

/** A key and a chain take some 10 KiB; a larger file is not one, and may have no end. */
const MAX_FILE_SIZE = 256 * 1024;

const FOLDER_MODE = 0o700;
const KEY_MODE = 0o600;
const CERTIFICATE_MODE = 0o644;
/** Permission bits of everybody but the owner. */
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;

const USER_CURE = "name a PEM file with the CA's certificate and its private key";

export interface LoadedAuthority {
  authority: CertificateAuthority;
  /** Whether it was made just now, by this process. */
  created: boolean;
  /** The PEM file to be installed in clients. */
  certificatePath: string;
  /** What was found amiss but does not stop anything; each one line. */
  warnings: string[];
}

/**
 * The authority in `folder`. Folder and authority are made where there are none.
 * @throws {AuthorityError} when it cannot be read, used, or made
 */
export async function loadOrCreateAuthority(folder: string): Promise<LoadedAuthority> {
  const path = join(folder, AUTHORITY_FILE);
  const certificatePath = join(folder, AUTHORITY_CERTIFICATE_PEM_FILE);
  const certificateDerPath = join(folder, AUTHORITY_CERTIFICATE_DER_FILE);
  const cure =
    `restore it, or remove it with ${AUTHORITY_CERTIFICATE_PEM_FILE} and ${AUTHORITY_CERTIFICATE_DER_FILE} ` +
    "to have a new CA made, which clients must trust anew";
  const warnings: string[] = [];

  let created = false;
  let text = await readText(path, cure);
  if (text === null) {
    await makeFolder(folder);
    const strays = await existing([certificatePath, certificateDerPath]);
    // Read again: the process that makes the authority writes the certificates after the key.
    text = await readText(path, cure);
    if (text === null) {
      const [stray] = strays;
      if (stray !== undefined) {
        throw new AuthorityError(
          "stray-certificate",
          stray,
          `its private key, ${AUTHORITY_FILE}, is missing`,
          `put that back, or remove ${
            strays.join(" and ")
          } to have a new CA made, which clients must trust anew`,
        );
      }
      const made = await makeAuthorityPem(Date.now());
      created = await publish(path, latin1Encode(made), KEY_MODE);
      text = created ? made : await readText(path, cure);
      if (text === null) {
        const what = "the name is taken, but there is nothing to read (a broken link?)";
        throw new AuthorityError("missing", path, what, "remove it");
      }
    }
  }
  const authority = await CertificateAuthority.create(await readAuthorityPem(text, path, cure, Date.now()));
  warnings.push(...await tighten(path), ...await inspectFolder(folder));
  warnings.push(...await offer(certificatePath, latin1Encode(authority.certificatePem), path));
  warnings.push(...await offer(certificateDerPath, authority.certificateDer, path));
  return { authority, created, certificatePath, warnings };
}

/**
 * The authority in a PEM file with key and certificate in any order, and the certificates above it where there are some.
 * The file is the user's own: its permissions are left alone.
 * @throws {AuthorityError}
 */
export async function loadAuthority(file: string): Promise<CertificateAuthority> {
  const text = await readText(file, USER_CURE);
  if (text === null) throw new AuthorityError("missing", file, "there is no such file", USER_CURE);
  return CertificateAuthority.create(await readAuthorityPem(text, file, USER_CURE, Date.now()));
}

/** The whole file as a byte-true string; null where there is none. */
async function readText(path: string, cure: string): Promise<string | null> {
  try {
    using file = await Deno.open(path, { read: true });
    const buffer = new Uint8Array(MAX_FILE_SIZE + 1);
    let length = 0;
    for (let count: number | null = 0; count !== null && length < buffer.length; length += count ?? 0) {
      count = await file.read(buffer.subarray(length));
    }
    if (length > MAX_FILE_SIZE) {
      throw new AuthorityError("not-pem", path, `is larger than ${MAX_FILE_SIZE} bytes`, cure);
    }
    return latin1Decode(buffer, 0, length);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    if (error instanceof AuthorityError) throw error;
    const denied = error instanceof Deno.errors.PermissionDenied;
    throw new AuthorityError(
      "unreadable",
      path,
      `cannot be read (${reason(error)})`,
      denied ? "let the user that runs mitm read it" : cure,
    );
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  } catch (error) {
    throw unwritable(folder, "the folder cannot be made", error);
  }
}

/**
 * Writes a new file in one step: whole and with its permissions, or not at all.
 * @returns false when there is a file of that name already, which stays as it is
 * @throws {AuthorityError}
 */
async function publish(path: string, bytes: Uint8Array, mode: number): Promise<boolean> {
  const temporary = `${path}.${crypto.randomUUID()}`;
  try {
    using file = await Deno.open(temporary, { write: true, createNew: true, mode });
    for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
    await file.sync();
    // Unlike a rename, a link fails when the name is taken.
    await Deno.link(temporary, path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw unwritable(path, "cannot be written", error);
  } finally {
    await Deno.remove(temporary).catch(() => {});
  }
}

/** Puts a certificate beside the key, for people to take. One that is there already stays, and is said when it is another one. */
async function offer(path: string, certificate: Uint8Array, keyPath: string): Promise<string[]> {
  try {
    const present = await readText(path, "remove it to have it written anew");
    if (present === null) {
      await publish(path, certificate, CERTIFICATE_MODE);
      return [];
    }
    if (present === latin1Decode(certificate)) return [];
    return [
      `${path}: is not the certificate of ${keyPath}, clients that trust it will refuse ours; remove it to have it written anew`,
    ];
  } catch (error) {
    if (error instanceof AuthorityError) return [error.message];
    throw error;
  }
}

/** A private key that others may read: closed to them where that is possible. */
async function tighten(path: string): Promise<string[]> {
  const { mode, uid } = await permissions(path);
  // There are no such permission bits on Windows.
  if (mode === null || (mode & OTHERS) === 0) return [];
  const was = `${path}: the CA's private key was open to others (mode ${(mode & 0o777).toString(8)})`;
  if (uid === Deno.uid()) {
    try {
      await Deno.chmod(path, KEY_MODE);
      return [`${was}; it is ${KEY_MODE.toString(8)} now`];
    } catch {
      // Said below.
    }
  }
  return [`${was}; it still is: close it with chmod ${KEY_MODE.toString(8)}`];
}

/** Who may write in the folder may put another CA into it. */
async function inspectFolder(folder: string): Promise<string[]> {
  const { mode } = await permissions(folder);
  if (mode === null || (mode & OTHERS_WRITE) === 0) return [];
  return [
    `${folder}: others may write in the folder of the CA; close it with chmod ${FOLDER_MODE.toString(8)}`,
  ];
}

/** Nulls where they cannot be learnt: then there is nothing to warn of. */
async function permissions(path: string): Promise<{ mode: number | null; uid: number | null }> {
  try {
    return await Deno.stat(path);
  } catch {
    return { mode: null, uid: null };
  }
}

async function existing(paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    if (await Deno.lstat(path).then(() => true, () => false)) found.push(path);
  }
  return found;
}

function unwritable(path: string, what: string, error: unknown): AuthorityError {
  return new AuthorityError(
    "unwritable",
    path,
    `${what} (${reason(error)})`,
    "name another config folder, or make this one writable",
  );
}

/** What the system said, without the path and the call that Deno adds. */
function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0]?.replace(/ \(os error \d+\).*$/, "") ?? text;
}
