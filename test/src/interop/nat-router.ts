import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { promisify } from 'node:util'

import { connect, Namespace } from '@sallyport/testkit'

import type { World } from './world.ts'

const INNER = { router: '192.0.2.1', client: '192.0.2.2' } as const
const OUTER_DEVICE = 'eth0'
const LAST_ADDRESS = 254

/**
 * A home router between one client and the node, with the kernel's own address translation, that can take another
 * outer address and port from one packet to the next: conntrack zones keep the translations apart, so a new zone is a
 * router that knows nothing of the earlier ones.
 */
export class NatRouter implements AsyncDisposable {
  /** Where the client runs. */
  readonly client: Namespace
  readonly #router: Namespace
  readonly #parts: AsyncDisposableStack
  readonly #addresses: readonly [string, string]
  #zone = 0

  private constructor(parts: {
    client: Namespace
    router: Namespace
    parts: AsyncDisposableStack
    addresses: readonly [string, string]
  }) {
    this.client = parts.client
    this.#router = parts.router
    this.#parts = parts.parts
    this.#addresses = parts.addresses
  }

  /** Makes a client's namespace behind a router that reaches the node. */
  static async create(world: World, label: string): Promise<NatRouter> {
    await using parts = new AsyncDisposableStack()
    const router = await world.addHost(`${label}-nat`)
    const client = parts.use(await Namespace.create(label))
    parts.use(
      await connect(
        { namespace: router, device: 'lan0', addresses: [`${INNER.router}/30`] },
        { namespace: client, device: 'eth0', addresses: [`${INNER.client}/30`] },
      ),
    )
    await client.exec('ip', 'route', 'add', 'default', 'via', INNER.router)
    await router.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1')
    const addresses = await outerAddresses(router)
    const nat = new NatRouter({ client, router, addresses, parts: parts.move() })
    await nat.rebind()
    return nat
  }

  /** Forgets every translation; what comes next leaves from the other address and another port. */
  async rebind(): Promise<void> {
    this.#zone++
    const source = `${this.#addresses[this.#zone % 2] ?? ''}:${String(randomInt(20_000, 60_000))}`
    const rules = `
      table ip sallyport_test
      delete table ip sallyport_test
      table ip sallyport_test {
        chain zone { type filter hook prerouting priority raw; ct zone set ${String(this.#zone)}; }
        chain translate { type nat hook postrouting priority srcnat; oifname "${OUTER_DEVICE}" meta l4proto udp snat to ${source}; }
        chain unknown { type filter hook input priority filter; iifname "${OUTER_DEVICE}" meta l4proto udp drop; }
      }`
    await this.#router.exec('nft', rules)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync()
  }
}

/** The router's outer address and a second one, to which the node's host gets a route through the first. */
async function outerAddresses(router: Namespace): Promise<readonly [string, string]> {
  const text = await router.exec('ip', '-4', '-oneline', 'address', 'show', 'dev', OUTER_DEVICE)
  const first = /inet (\S+)\//.exec(text)?.[1]
  if (first === undefined) throw new Error('the router has no outer address')
  // The hosts of a world have the /30 subnets from below; second addresses count down from above.
  const second = first.replace(/\d+$/, (last) => String(LAST_ADDRESS - Math.floor(Number(last) / 4)))
  await router.exec('ip', 'address', 'add', `${second}/32`, 'dev', OUTER_DEVICE)
  // It goes away with the link.
  await promisify(execFile)('ip', ['route', 'add', `${second}/32`, 'via', first])
  return [first, second]
}
