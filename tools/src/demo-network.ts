import { randomBytes, randomInt } from 'node:crypto'

import { connect, Namespace } from '@sallyport/testkit'

/** The private host of the demonstration and its network, which only the tenant's namespace reaches. */
export const PRIVATE_HOST = '192.168.77.2'
export const PRIVATE_ROUTE = '192.168.77.0/24'
const TENANT_SIDE = '192.168.77.1'

/** Three namespaces: client ⇄ this machine (the node's UDP port), and tenant ⇄ office. */
export interface DemoNetwork extends AsyncDisposable {
  readonly client: Namespace
  /** Holds the tenant's TUN device on the node. */
  readonly tenant: Namespace
  readonly office: Namespace
  /** Where the node listens for the client. */
  readonly serverAddress: string
}

/** Makes the namespaces and their links. Addresses towards the client come from the range for tests of RFC 2544. */
export async function makeDemoNetwork(): Promise<DemoNetwork> {
  await using parts = new AsyncDisposableStack()
  const client = parts.use(await Namespace.create('client'))
  const tenant = parts.use(await Namespace.create('tenant'))
  const office = parts.use(await Namespace.create('office'))
  const subnet = `198.18.${String(randomInt(256))}`
  const serverAddress = `${subnet}.1`
  parts.use(
    await connect(
      { namespace: client, device: 'eth0', addresses: [`${subnet}.2/24`] },
      { namespace: undefined, device: `spd${randomBytes(4).toString('hex')}`, addresses: [`${serverAddress}/24`] },
    ),
  )
  parts.use(
    await connect(
      { namespace: tenant, device: 'office0', addresses: [`${TENANT_SIDE}/24`] },
      { namespace: office, device: 'eth0', addresses: [`${PRIVATE_HOST}/24`] },
    ),
  )
  const owned = parts.move()
  return { client, tenant, office, serverAddress, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
