// A proxy in this process, on a free port, with a CA of its own and everything it records at hand.

import { FlowStore } from "../../lib/flow/store.ts";
import type { Flow, HttpFlow, TcpFlow } from "../../lib/flow/record.ts";
import { Hooks, type LogEntry } from "../../lib/hooks/hooks.ts";
import { Proxy } from "../../lib/proxy/proxy.ts";
import type { Settings } from "../../lib/proxy/settings.ts";
import { loadOrCreateAuthority } from "../../lib/tls/authority_files.ts";
import type { CertificateAuthority } from "../../lib/tls/certificate_authority.ts";

export interface ProxyFixture extends AsyncDisposable {
  port: number;
  /** "http://127.0.0.1:PORT" */
  url: string;
  settings: Settings;
  hooks: Hooks;
  store: FlowStore;
  proxy: Proxy;
  authority: CertificateAuthority;
  /** PEM file of the proxy's CA. */
  caFile: string;
  /** Every flow that has ended, in the order of their ends. */
  ended: Flow[];
  logs: LogEntry[];
  /** Errors thrown by hooks. */
  hookErrors: unknown[];
  /** Resolves with the next flow (also one that ended already) that `matches`; rejects after 5 s. */
  http(matches?: (flow: HttpFlow) => boolean): Promise<HttpFlow>;
  tcp(matches?: (flow: TcpFlow) => boolean): Promise<TcpFlow>;
  /** Resolves with a log entry of that code; rejects after 5 s. */
  log(code: string): Promise<LogEntry>;
}

/** The CA that signs the certificates of test origins; proxies of the fixture trust it. */
let originAuthority: Promise<CertificateAuthority> | null = null;

export function testOriginAuthority(): Promise<CertificateAuthority> {
  originAuthority ??= (async () => {
    const folder = await Deno.makeTempDir({ prefix: "mitm-origin-ca-" });
    try {
      return (await loadOrCreateAuthority(folder)).authority;
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  })();
  return originAuthority;
}

const WAIT = 5_000;

export function testSettings(overrides: Partial<Settings> = {}): Settings {
  return {
    mode: { kind: "regular" },
    listenHost: "127.0.0.1",
    listenPort: 0,
    tcpHosts: [],
    ignoreHosts: [],
    allowHosts: [],
    h2cHosts: [],
    resolve: [],
    insecure: [],
    upstreamCa: [],
    clientCertificate: null,
    passthroughOnReject: false,
    lenient: false,
    http2: true,
    http2Priority: false,
    keepHostHeader: false,
    bodySizeLimit: null,
    captureLimit: 1024 * 1024,
    flowBudget: 128 * 1024 * 1024,
    flowLimit: 100_000,
    connectTimeout: 5_000,
    tlsTimeout: 5_000,
    headTimeout: 5_000,
    idleTimeout: 30_000,
    stallTimeout: 30_000,
    http2PingKeepalive: 0,
    connectionLimit: 256,
    ...overrides,
  };
}

/** Starts a proxy; `await using` ends it. */
export async function startProxy(overrides: Partial<Settings> = {}): Promise<ProxyFixture> {
  const folder = await Deno.makeTempDir({ prefix: "mitm-test-" });
  const { authority, certificatePath } = await loadOrCreateAuthority(folder);
  const trusted = (await testOriginAuthority()).certificatePem;
  const settings = testSettings({ ...overrides, upstreamCa: [trusted, ...overrides.upstreamCa ?? []] });
  const hookErrors: unknown[] = [];
  const hooks = new Hooks((_name, error) => hookErrors.push(error));
  const store = new FlowStore({ byteBudget: settings.flowBudget, flowLimit: settings.flowLimit });
  const ended: Flow[] = [];
  const logs: LogEntry[] = [];
  const changed = new EventTarget();
  const note = () => void changed.dispatchEvent(new Event("change"));
  hooks.on("httpEnded", (flow) => {
    ended.push(flow);
    note();
  });
  hooks.on("tcpEnd", (flow) => {
    if (flow.kind === "tcp") ended.push(flow);
    note();
  });
  hooks.on("log", (entry) => {
    logs.push(entry);
    note();
  });
  const waitFor = <Found>(what: string, find: () => Found | undefined): Promise<Found> =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = find();
        if (found === undefined) return;
        clearTimeout(timer);
        changed.removeEventListener("change", look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        changed.removeEventListener("change", look);
        const seen = JSON.stringify({
          flows: ended.map(({ kind, error }) => ({ kind, error })),
          logs: logs.map(({ message }) => message),
        });
        reject(new Error(`${what} did not come in ${WAIT} ms; seen: ${seen}`));
      }, WAIT);
      changed.addEventListener("change", look);
      look();
    });
  const proxy = new Proxy(settings, { authority, hooks, store });
  const { port } = await proxy.start();
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    settings,
    hooks,
    store,
    proxy,
    authority,
    caFile: certificatePath,
    ended,
    logs,
    hookErrors,
    http: (matches = () => true) =>
      waitFor(
        "an HTTP flow",
        () => ended.find((flow): flow is HttpFlow => flow.kind === "http" && matches(flow)),
      ),
    tcp: (matches = () => true) =>
      waitFor(
        "a TCP flow",
        () => ended.find((flow): flow is TcpFlow => flow.kind === "tcp" && matches(flow)),
      ),
    log: (code) => waitFor(`log entry ${code}`, () => logs.find((entry) => entry.code === code)),
    async [Symbol.asyncDispose]() {
      await proxy.stop(200);
      await Deno.remove(folder, { recursive: true });
    },
  };
}
