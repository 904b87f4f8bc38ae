import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { type EnrolledDevice, type RunningStack, type StackOptions, startStack } from '@sallyport/local-services'
import { connect, Namespace, OpenVpnClient, type OpenVpnClientOptions } from '@sallyport/testkit'

import { childProcesses, expectNoLeftovers } from './leftovers.ts'
import { NodeMetrics } from './node-metrics.ts'
import { type Member, Site, type SiteOptions } from './site.ts'

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url))

/** What differs from one world to the next. */
export interface WorldOptions {
  readonly sites: readonly SiteOptions[]
  readonly durable?: boolean
  readonly leaseSeconds?: number
  /** NODE_LISTEN by the node's outer addresses; default UDP on the IPv4 one. */
  readonly listen?: (outer: { readonly ipv4: string; readonly ipv6: string }) => string
  readonly nodeTcpShare?: string
}

/** How a client differs from one that does everything right. */
export interface ClientOptions {
  readonly profile?: string
  readonly username?: string
  readonly password?: string
  /** Default: a fresh code of the member's second factor. */
  readonly otp?: () => Promise<string>
  /** Answers what the server asks in the middle of connecting. */
  readonly answer?: OpenVpnClientOptions['answer']
  readonly extraArgs?: readonly string[]
}

/**
 * A whole installation for one spec file: the stack, the tenants' networks in namespaces, and an outer network that
 * joins clients in namespaces with the node. Its outer addresses are in 198.18.0.0/15 (RFC 2544) and in a random prefix
 * of fd18::/16, so that several worlds fit on one machine.
 */
export class World implements AsyncDisposable {
  readonly stack: RunningStack
  readonly sites: readonly Site[]
  readonly metrics: NodeMetrics
  readonly dataDirectory: string
  readonly #outer: OuterNetwork
  readonly #parts: AsyncDisposableStack
  readonly #childrenBefore: readonly string[]
  readonly #hosts: Namespace[] = []

  private constructor(
    stack: RunningStack,
    sites: readonly Site[],
    place: {
      outer: OuterNetwork
      dataDirectory: string
      parts: AsyncDisposableStack
      childrenBefore: readonly string[]
    },
  ) {
    this.stack = stack
    this.sites = sites
    this.metrics = new NodeMetrics(stack.addresses.metrics)
    this.dataDirectory = place.dataDirectory
    this.#outer = place.outer
    this.#parts = place.parts
    this.#childrenBefore = place.childrenBefore
  }

  static async create(options: WorldOptions): Promise<World> {
    const childrenBefore = await childProcesses()
    await using parts = new AsyncDisposableStack()
    const outer = parts.use(await OuterNetwork.create())
    const dataDirectory = await mkdtemp(join(tmpdir(), 'sallyport-world-'))
    parts.defer(() => rm(dataDirectory, { recursive: true, force: true }))
    const stack = parts.use(await startStack(stackOptions(options, dataDirectory, outer)))
    const sites: Site[] = []
    for (const site of options.sites) sites.push(parts.use(await Site.create(stack, site)))
    return new World(stack, sites, { outer, dataDirectory, parts: parts.move(), childrenBefore })
  }

  /** The site with this slug. */
  site(slug: string): Site {
    const site = this.sites.find((candidate) => candidate.slug === slug)
    if (site === undefined) throw new TypeError(`no site "${slug}" in this world`)
    return site
  }

  /** Makes a namespace with a route to the node. */
  async addHost(label: string): Promise<Namespace> {
    const host = this.#parts.use(await Namespace.create(label))
    this.#hosts.push(host)
    this.#parts.use(await this.#outer.join(host))
    return host
  }

  /** Starts `openvpn` with a device's profile. */
  async startClient(
    namespace: Namespace,
    { member, device }: { member: Member; device: EnrolledDevice },
    options: ClientOptions = {},
  ): Promise<OpenVpnClient> {
    const { totp } = member
    const otp = options.otp ?? (totp && (() => totp.device.code()))
    return this.#parts.use(
      await OpenVpnClient.start({
        namespace,
        profile: options.profile ?? device.profile,
        username: options.username ?? member.username,
        password: options.password ?? member.password,
        ...(otp === undefined ? {} : { otp }),
        ...(options.answer === undefined ? {} : { answer: options.answer }),
        ...(options.extraArgs === undefined ? {} : { extraArgs: options.extraArgs }),
      }),
    )
  }

  /** Ends everything and fails when something is left behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync()
    const places = [...this.#hosts, ...this.sites.flatMap(({ tunnels, lan }) => [tunnels, lan])]
    const belongings = {
      namespaces: places.map(({ name }) => name),
      interfaces: this.#hosts.map(linkName),
      addresses: [this.#outer.nodeAddress, this.#outer.nodeAddress6],
    }
    await expectNoLeftovers(belongings, this.#childrenBefore)
  }
}

function stackOptions(options: WorldOptions, dataDirectory: string, outer: OuterNetwork): StackOptions {
  return {
    checkout: CHECKOUT,
    dataDirectory,
    durable: options.durable ?? false,
    authListen: '127.0.0.1:0',
    nodeApiListen: '127.0.0.1:0',
    allocatorListen: '127.0.0.1:0',
    metricsListen: '127.0.0.1:0',
    nodeListen: options.listen?.({ ipv4: outer.nodeAddress, ipv6: outer.nodeAddress6 }) ?? `udp:${outer.nodeAddress}:0`,
    ...(options.nodeTcpShare === undefined ? {} : { nodeTcpShare: options.nodeTcpShare }),
    logLevel: 'debug',
    ...(options.leaseSeconds === undefined ? {} : { leaseSeconds: options.leaseSeconds }),
  }
}

/** The internet of a world: the node's addresses on loopback, and a /30 and a /64 for each host that reaches them. */
class OuterNetwork implements AsyncDisposable {
  readonly #base: string
  readonly #base6: string
  #hosts = 0

  private constructor(base: string, base6: string) {
    this.#base = base
    this.#base6 = base6
  }

  static async create(): Promise<OuterNetwork> {
    const group = (): string => randomInt(1, 0x1_0000).toString(16)
    for (;;) {
      const base6 = `fd18:${group()}:${group()}`
      const outer = new OuterNetwork(`198.${String(randomInt(18, 20))}.${String(randomInt(1, 255))}`, base6)
      if (!(await addAddress(`${outer.nodeAddress}/32`))) continue
      await ip('address', 'add', `${outer.nodeAddress6}/128`, 'dev', 'lo', 'nodad')
      return outer
    }
  }

  get nodeAddress(): string {
    return `${this.#base}.1`
  }

  get nodeAddress6(): string {
    return `${this.#base6}::1`
  }

  async join(host: Namespace): Promise<AsyncDisposable> {
    const subnet = ++this.#hosts * 4
    const [near, far] = [`${this.#base}.${String(subnet + 1)}`, `${this.#base}.${String(subnet + 2)}`]
    const prefix6 = `${this.#base6}:${this.#hosts.toString(16)}`
    const [near6, far6] = [`${prefix6}::1`, `${prefix6}::2`]
    const device = linkName(host)
    const link = await connect(
      { namespace: undefined, device, addresses: [`${near}/30`, `${near6}/64`] },
      { namespace: host, device: 'eth0', addresses: [`${far}/30`, `${far6}/64`] },
    )
    await host.exec('ip', 'route', 'add', `${this.nodeAddress}/32`, 'via', near)
    await host.exec('ip', 'route', 'add', `${this.nodeAddress6}/128`, 'via', near6)
    return link
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ip('address', 'delete', `${this.nodeAddress}/32`, 'dev', 'lo')
    await ip('address', 'delete', `${this.nodeAddress6}/128`, 'dev', 'lo')
  }
}

/** This machine's end of the link to a host. */
function linkName(host: Namespace): string {
  return `spw${host.name.slice(-6)}`
}

/** Says whether nobody had it before: the address of a world that runs beside this one is refused. */
async function addAddress(address: string): Promise<boolean> {
  try {
    await ip('address', 'add', address, 'dev', 'lo')
    return true
  } catch (error) {
    if (String(error).includes('File exists')) return false
    throw error
  }
}

async function ip(...args: string[]): Promise<void> {
  await promisify(execFile)('ip', args)
}
