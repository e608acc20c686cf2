// TLS origins with certificates and settings of a test's choice.

import "reflect-metadata";
import type net from "node:net";
import tls from "node:tls";
import * as x509 from "@peculiar/x509";
import { OriginConnection } from "../kit/origins.ts";

export interface KeyAndCertificate {
  /** PEM; the certificate's issuers may follow it. */
  cert: string;
  key: string;
}

export interface Issuer {
  certificate: x509.X509Certificate;
  keys: CryptoKeyPair;
}

const DAY = 24 * 60 * 60 * 1000;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

export interface CertificateWish {
  names: string[];
  /** Null: signed with its own key. */
  issuer?: Issuer | null;
  /** In days from now. */
  from?: number;
  to?: number;
  usage?: "server" | "client";
}

/** A CA of our own; trusted only where a test says so. */
export async function makeIssuer(name: string): Promise<Issuer> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - 30 * DAY),
    notAfter: new Date(Date.now() + 30 * DAY),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate, keys };
}

export async function makeCertificate(wish: CertificateWish): Promise<KeyAndCertificate> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as CryptoKeyPair;
  const { issuer = null, from = -1, to = 20, usage = "server" } = wish;
  const purpose = usage === "server" ? "serverAuth" : "clientAuth";
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: crypto.randomUUID().replaceAll("-", ""),
    subject: `CN=${wish.names[0]}`,
    issuer: issuer?.certificate.subject ?? `CN=${wish.names[0]}`,
    notBefore: new Date(Date.now() + from * DAY),
    notAfter: new Date(Date.now() + to * DAY),
    publicKey: keys.publicKey,
    signingKey: issuer?.keys.privateKey ?? keys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[purpose]]),
      new x509.SubjectAlternativeNameExtension(wish.names.map((value) => ({
        type: /^[\d.]+$|:/.test(value) ? "ip" as const : "dns" as const,
        value,
      }))),
    ],
  });
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  return {
    cert: certificate.toString("pem") + "\n",
    key: `-----BEGIN PRIVATE KEY-----\n${btoa(String.fromCharCode(...pkcs8))}\n-----END PRIVATE KEY-----\n`,
  };
}

export interface TlsOrigin extends AsyncDisposable {
  port: number;
  connections: OriginConnection[];
  /** The TLS side of each. */
  sessions: tls.TLSSocket[];
  /** What handshakes failed with. */
  failures: string[];
}

/** Answers each request with 200 and "hello", unless `onConnection` says otherwise. */
export async function startTlsOrigin(
  options: tls.TlsOptions,
  onConnection: (connection: OriginConnection, session: tls.TLSSocket) => void = sayHello,
): Promise<TlsOrigin> {
  const connections: OriginConnection[] = [];
  const sessions: tls.TLSSocket[] = [];
  const failures: string[] = [];
  const raw = new Set<net.Socket>();
  const server = tls.createServer({ allowHalfOpen: true, ...options } as tls.TlsOptions, (session) => {
    const connection = new OriginConnection(session);
    connections.push(connection);
    sessions.push(session);
    onConnection(connection, session);
  });
  server.on("connection", (socket) => {
    raw.add(socket);
    socket.once("close", () => raw.delete(socket));
  });
  server.on("tlsClientError", (error, session) => {
    failures.push(String(Reflect.get(error, "code") ?? error.message));
    session.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    connections,
    sessions,
    failures,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      for (const socket of raw) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export function sayHello(connection: OriginConnection): void {
  let answered = 0;
  connection.socket.on("data", () => {
    const requests = connection.received.split("\r\n\r\n").length - 1;
    for (; answered < requests; answered++) {
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    }
  });
}

/** The status and the whole text of the answer to one GET. */
export async function get(client: OriginConnection, path = "/"): Promise<{ status: number; text: string }> {
  const before = client.received.length;
  client.send(`GET ${path} HTTP/1.1\r\nHost: example.com\r\n\r\n`);
  const complete = (received: string) => {
    const text = received.slice(before);
    const head = text.indexOf("\r\n\r\n");
    if (head < 0) return false;
    const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head))?.[1];
    return text.length >= head + 4 + Number(length ?? 0);
  };
  const text = (await client.until(complete)).slice(before);
  return { status: Number(text.split(" ")[1]), text };
}
