import { connect, Namespace } from '@sallyport/testkit'

/** Outer address of the server of every lane; lanes cannot see each other. */
export const SERVER_ADDRESS = '192.0.2.1'
export const SERVER_PORT = 1194
/** Where the traffic goes: a host behind the server, as in a private network. */
export const TARGET_ADDRESS = '10.20.0.2'
export const TARGET_SUBNET = '10.20.0.0/24'
/** Inner addresses of the clients. */
export const POOL = '10.8.0.0/24'

const IPERF_START_TIMEOUT_MS = 10_000

/** Three namespaces in a row, client — server — target, with an iperf3 server at the end. */
export interface Lane extends AsyncDisposable {
  readonly client: Namespace
  readonly server: Namespace
}

/** Builds a lane; all lanes are alike to the last address. */
export async function buildLane(label: string): Promise<Lane> {
  await using parts = new AsyncDisposableStack()
  const client = parts.use(await Namespace.create(`${label}-client`))
  const server = parts.use(await Namespace.create(`${label}-server`))
  const target = parts.use(await Namespace.create(`${label}-target`))
  parts.use(
    await connect(
      { namespace: client, device: 'eth0', addresses: ['192.0.2.2/24'] },
      { namespace: server, device: 'eth0', addresses: [`${SERVER_ADDRESS}/24`] },
    ),
  )
  parts.use(
    await connect(
      { namespace: server, device: 'lan0', addresses: ['10.20.0.1/24'] },
      { namespace: target, device: 'eth0', addresses: [`${TARGET_ADDRESS}/24`] },
    ),
  )
  const iperf = parts.use(target.spawn('iperf3', '--server', '--bind', TARGET_ADDRESS, '--forceflush'))
  await iperf.waitForLine(/Server listening/, IPERF_START_TIMEOUT_MS)
  const owned = parts.move()
  return { client, server, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
