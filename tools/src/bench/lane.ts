import { connect, Namespace } from '@sallyport/testkit'

/** Outer address of the server of every lane; lanes cannot see each other. */
export const SERVER_ADDRESS = '192.0.2.1'
export const SERVER_PORT = 1194
/** Where the traffic goes: a host behind the server, as in a private network. */
export const TARGET_ADDRESS = '10.20.0.2'
export const TARGET_SUBNET = '10.20.0.0/24'
/** Inner addresses of the clients. */
export const POOL = '10.8.0.0/16'

/** An iperf3 server has one client at a time. */
export const IPERF_PORTS = [5201, 5202] as const

const IPERF_START_TIMEOUT_MS = 10_000

/** Three namespaces in a row, client — server — target, with iperf3 servers at the end, and a second client beside. */
export interface Lane extends AsyncDisposable {
  readonly client: Namespace
  /** On a link of its own to the server; reaches it under the same address. */
  readonly secondClient: Namespace
  readonly server: Namespace
  readonly target: Namespace
}

/** Builds a lane; all lanes are alike to the last address. */
export async function buildLane(label: string): Promise<Lane> {
  await using parts = new AsyncDisposableStack()
  const client = parts.use(await Namespace.create(`${label}-client`))
  const secondClient = parts.use(await Namespace.create(`${label}-second`))
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
      { namespace: secondClient, device: 'eth0', addresses: ['198.51.100.2/24'] },
      { namespace: server, device: 'eth1', addresses: ['198.51.100.1/24'] },
    ),
  )
  await secondClient.exec('ip', 'route', 'add', `${SERVER_ADDRESS}/32`, 'via', '198.51.100.1')
  parts.use(
    await connect(
      { namespace: server, device: 'lan0', addresses: ['10.20.0.1/24'] },
      { namespace: target, device: 'eth0', addresses: [`${TARGET_ADDRESS}/24`] },
    ),
  )
  for (const port of IPERF_PORTS) {
    const args = ['--server', '--bind', TARGET_ADDRESS, '--port', String(port), '--forceflush']
    const iperf = parts.use(target.spawn('iperf3', ...args))
    await iperf.waitForLine(/Server listening/, IPERF_START_TIMEOUT_MS)
  }
  const owned = parts.move()
  return { client, secondClient, server, target, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** Builds a lane for as long as the work takes. */
export async function withLane<Result>(label: string, work: (lane: Lane) => Promise<Result>): Promise<Result> {
  await using lane = await buildLane(label)
  return await work(lane)
}
