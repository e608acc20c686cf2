// http://mitm.it/: the CA certificate, in PEM and DER, with short instructions per system.

import type { RequestHead } from "../http/head.ts";
import type { CertificateAuthority } from "../tls/certificate_authority.ts";
import { type CompleteResponse, errorPage, response } from "./answers.ts";

/** The name that stands for the proxy itself, as mitmproxy's users know it. */
const CA_HOST = "mitm.it";

export function isCaHost(host: string): boolean {
  return host.toLowerCase() === CA_HOST;
}

/** The page, or one of the files. */
export function caPage(authority: CertificateAuthority, head: RequestHead): CompleteResponse {
  if (head.method !== "GET" && head.method !== "HEAD") {
    return errorPage(405, "This is mitm's own page: it answers GET and HEAD.", null);
  }
  const path = head.path.replace(/\?.*$/s, "");
  switch (path) {
    case "":
    case "/":
      return response(200, "OK", [["Content-Type", "text/html; charset=utf-8"], [
        "Cache-Control",
        "no-store",
      ]], new TextEncoder().encode(PAGE));
    case "/cert/pem":
    case "/mitm-ca-cert.pem":
      return file("mitm-ca-cert.pem", new TextEncoder().encode(authority.certificatePem));
    case "/cert/cer":
    case "/mitm-ca-cert.cer":
      return file("mitm-ca-cert.cer", authority.certificateDer);
    default:
      return errorPage(404, "There is no such page here; http://mitm.it/ has the certificate.", null);
  }
}

function file(name: string, content: Uint8Array): CompleteResponse {
  return response(200, "OK", [
    ["Content-Type", "application/x-x509-ca-cert"],
    ["Content-Disposition", `attachment; filename="${name}"`],
    ["Cache-Control", "no-store"],
  ], content);
}

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>mitm: install the CA certificate</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 1.6rem; }
code, pre { font: 14px/1.4 ui-monospace, monospace; background: #f2f4f6; border-radius: 4px; padding: .1rem .3rem; }
pre { padding: .6rem .8rem; overflow-x: auto; }
.button { display: inline-block; margin: .2rem .6rem .2rem 0; padding: .5rem 1rem; border-radius: 6px; background: #0b5fff; color: #fff; text-decoration: none; }
.note { border-left: 4px solid #d98300; padding: .2rem .8rem; background: #fff8ec; }
@media (prefers-color-scheme: dark) { body { background: #14171a; color: #e6e8ea; } code, pre { background: #22272c; } .note { background: #2b2415; } }
</style>
</head>
<body>
<h1>mitm is between you and the network</h1>
<p>To let it read HTTPS, the device has to trust its certificate authority.</p>
<p><a class="button" href="/cert/pem">mitm-ca-cert.pem</a><a class="button" href="/cert/cer">mitm-ca-cert.cer (DER)</a></p>
<p class="note">The CA belongs to this installation alone. Remove it again when you are done:
whoever holds its key can read what this device sends.</p>
<h2>Linux</h2>
<pre>sudo cp mitm-ca-cert.pem /usr/local/share/ca-certificates/mitm.crt
sudo update-ca-certificates</pre>
<p>Fedora and RHEL: copy to <code>/etc/pki/ca-trust/source/anchors/</code>, then <code>sudo update-ca-trust</code>.</p>
<h2>macOS</h2>
<pre>sudo security add-trusted-cert -d -p ssl -p basic -k /Library/Keychains/System.keychain mitm-ca-cert.pem</pre>
<h2>Windows</h2>
<pre>certutil -addstore root mitm-ca-cert.cer</pre>
<h2>iOS</h2>
<p>Open the PEM file in Safari, install the profile under Settings, General, VPN &amp; Device Management; then turn it on under
Settings, General, About, Certificate Trust Settings.</p>
<h2>Android</h2>
<p>Settings, Security, Encryption &amp; credentials, Install a certificate, CA certificate: choose the <code>.cer</code> file.
Apps trust it only where their network security configuration says so.</p>
<h2>Firefox</h2>
<p>Settings, Privacy &amp; Security, View Certificates, Authorities, Import: trust it to identify websites.</p>
<h2>Programs</h2>
<pre>curl --cacert mitm-ca-cert.pem …
NODE_EXTRA_CA_CERTS=mitm-ca-cert.pem node …
SSL_CERT_FILE=mitm-ca-cert.pem python …
REQUESTS_CA_BUNDLE=mitm-ca-cert.pem python …
git -c http.sslCAInfo=mitm-ca-cert.pem …</pre>
</body>
</html>
`;
