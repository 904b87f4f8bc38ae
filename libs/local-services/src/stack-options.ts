import { networkInterfaces } from 'node:os'

import { claimPort, ListenError, type ListenPort, parseListen, parseListenList } from './listen-port.ts'

/** What a local installation looks like. Addresses are `HOST:PORT`; port 0 chooses a free one. */
export interface StackOptions {
  /** Root of the repository, built. */
  readonly checkout: string
  readonly dataDirectory: string
  /** Servers of somebody else's; absent means embedded ones in the data directory. */
  readonly databaseUrl?: string | undefined
  readonly redisUrl?: string | undefined
  /** False for throw-away data: no fsync, Redis in memory only. Default true. */
  readonly durable?: boolean
  /** Public REST API; default 127.0.0.1:8080. */
  readonly authListen?: string | undefined
  /** Where people reach it; default `http://` and the address above, by the name `localhost` if it is 127.0.0.1. */
  readonly publicUrl?: string | undefined
  /** mTLS API for nodes; default 127.0.0.1:8443. */
  readonly nodeApiListen?: string | undefined
  /** mTLS API for leases; default 127.0.0.1:8444. */
  readonly allocatorListen?: string | undefined
  /** OpenVPN, comma list of `udp:HOST:PORT` and `tcp:HOST:PORT`; default udp:0.0.0.0:1194. */
  readonly nodeListen?: string | undefined
  /** `HOST:PORT` of the server that gets TCP connections of other protocols. */
  readonly nodeTcpShare?: string | undefined
  /** The node's Prometheus metrics; default 127.0.0.1:9100. */
  readonly metricsListen?: string | undefined
  /** `host:port/udp` and `host:port/tcp` for profiles; default the node's addresses, where all are meant this machine's first. */
  readonly vpnRemotes?: readonly string[] | undefined
  /** Network namespace of the vpn-node; the two mTLS addresses must be reachable from it. */
  readonly nodeNamespace?: string | undefined
  /** Further settings of the vpn-node, by their names. */
  readonly nodeSettings?: Readonly<Record<string, string>> | undefined
  readonly leaseSeconds?: number | undefined
  readonly logLevel?: string | undefined
  readonly progress?: (message: string) => void
  /** Aborted: no further part is started, and what runs is stopped. */
  readonly signal?: AbortSignal
}

/** The addresses that a stack uses. */
export interface StackAddresses {
  readonly auth: ListenPort
  readonly nodeApi: ListenPort
  readonly allocator: ListenPort
  /** The first of the node's listeners. */
  readonly node: ListenPort
  readonly nodeListeners: readonly ListenPort[]
  readonly metrics: ListenPort
  readonly publicUrl: string
  readonly vpnRemotes: readonly string[]
}

/** Finds the addresses, and checks that all are free before anything is started. */
export async function claimAddresses(options: StackOptions): Promise<StackAddresses> {
  const auth = await claim(options.authListen ?? '127.0.0.1:8080', 'tcp', 'AUTH_LISTEN')
  const nodeApi = await claim(options.nodeApiListen ?? '127.0.0.1:8443', 'tcp', 'AUTH_NODE_API_LISTEN')
  const allocator = await claim(options.allocatorListen ?? '127.0.0.1:8444', 'tcp', 'ALLOCATOR_LISTEN')
  // Ports of another namespace cannot be tried from here.
  const inside = options.nodeNamespace !== undefined
  const nodeListeners: ListenPort[] = []
  for (const listen of parseListenList(options.nodeListen ?? 'udp:0.0.0.0:1194', 'NODE_LISTEN')) {
    nodeListeners.push(inside ? listen : { ...listen, port: await claimPort(listen) })
  }
  const [node] = nodeListeners
  if (node === undefined) throw new ListenError('bad-address', 'NODE_LISTEN names no address')
  const metrics = await claim(options.metricsListen ?? '127.0.0.1:9100', 'tcp', 'METRICS_LISTEN', inside)
  return {
    auth,
    nodeApi,
    allocator,
    node,
    nodeListeners,
    metrics,
    publicUrl: options.publicUrl ?? publicUrlOf(auth),
    vpnRemotes: options.vpnRemotes ?? nodeListeners.map(vpnRemote),
  }
}

/** Browsers know passkeys for the name of this machine, and not for its address. */
function publicUrlOf(listen: ListenPort): string {
  return `http://${listen.host === '127.0.0.1' ? `localhost:${String(listen.port)}` : hostPort(listen)}`
}

/** Where a client reaches a listener, as profiles have it. */
function vpnRemote(listen: ListenPort): string {
  return `${hostPort(isAnyAddress(listen.host) ? { ...listen, host: firstAddress() } : listen)}/${listen.protocol}`
}

/** Writes listeners as NODE_LISTEN has them. */
export function listenListText(listeners: readonly ListenPort[]): string {
  return listeners.map((listen) => `${listen.protocol}:${hostPort(listen)}`).join(',')
}

/** Writes an address as a setting. */
export function hostPort({ host, port }: ListenPort): string {
  return host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`
}

async function claim(value: string, protocol: 'tcp' | 'udp', setting: string, inside = false): Promise<ListenPort> {
  const listen = parseListen(value, protocol, setting)
  return inside ? listen : { ...listen, port: await claimPort(listen) }
}

function isAnyAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function firstAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return addresses.find((address) => address.family === 'IPv4' && !address.internal)?.address ?? '127.0.0.1'
}
