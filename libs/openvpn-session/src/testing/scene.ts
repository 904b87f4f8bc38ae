import {
  createClientKey,
  type CryptoSuite,
  encodeMetadata,
  nodeCryptoSuite,
  type TlsCryptV2ClientKey,
} from '@sallyport/openvpn-wire'
import { SeededRandom } from '@sallyport/testkit'

import type { SessionGrant } from '../actions.ts'
import { CLIENT_BEHAVIOURS, type ClientLine } from '../client/client-behaviour.ts'
import type { ClientCredentials } from '../client/client-credentials.ts'
import type { ClientWrap } from '../client/client-wrap.ts'
import { InitialLimits } from '../handshake/initial-limits.ts'
import type { ServerContext } from '../handshake/server-context.ts'
import { WrappedKeyMemory } from '../handshake/wrapped-key-memory.ts'
import type { RemoteAddress } from '../remote-address.ts'
import { FakeTls, type MakeTls } from './fake-tls.ts'
import { FAIR_WEATHER, makeStream, makeWire, Simulation, type Weather } from './simulation.ts'
import { TestClient, type TestClientOptions } from './test-client.ts'
import { type Decide, TestServer } from './test-server.ts'

/** Whose profile the test client has. */
export const METADATA = {
  tenantId: '11111111-2222-4333-8444-555555555555',
  deviceId: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
}
/** Where the test client is. */
export const REMOTE: RemoteAddress = { transport: 'udp', address: '192.0.2.7', port: 40000, localPort: 1194 }

/** What OpenVPN 2.6 says about itself; IV_PROTO announces the exporter and the dynamic wrapping. */
export const PEER_INFO_26 =
  'IV_VER=2.6.14\nIV_PLAT=linux\nIV_MTU=1600\nIV_NCP=2\nIV_CIPHERS=AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305\nIV_PROTO=990\n'
/** Options string of a client of the same version. */
export const OPTIONS_26 =
  'V4,dev-type tun,link-mtu 1549,tun-mtu 1500,proto UDPv4,auth [null-digest],keysize 256,key-method 2,tls-client'

/** Terms that allow the test client. */
export const GRANT: SessionGrant = {
  peerId: 0x010002,
  configuration: {
    ipv4: { address: '10.8.0.2', netmask: '255.255.255.0', gateway: '10.8.0.1' },
    keepalive: { pingSeconds: 10, pingRestartSeconds: 60 },
    routes: [],
    dns: { servers: [], searchDomains: [], resolveDomains: [] },
    tunMtu: 1500,
  },
  authToken: 'SESS_ID_AT_first',
  renegotiateAfterMs: undefined,
  endsAtMs: undefined,
}

/** Allows everybody. */
export const ALLOW: Decide = () => ({ type: 'allowed', grant: GRANT })

/** What may differ in a scene. */
export interface SceneOptions extends Partial<Omit<TestClientOptions, 'wrap' | 'behaviour' | 'expectsDamage'>> {
  readonly decide?: Decide
  readonly seed?: number
  readonly weather?: Weather
  /** What kind of client it is; its peer info goes with that unless it is given. */
  readonly line?: ClientLine
  readonly wrap?: ClientWrap['mode']
}

/** One server and one client with the weather between them. */
export interface Scene {
  readonly simulation: Simulation
  readonly server: TestServer
  /** The client; after `restart` it is another one. */
  readonly client: TestClient
  readonly context: ServerContext
  readonly key: TlsCryptV2ClientKey
  /** Every packet that the client sent, with the weather still to come. */
  readonly fromClient: Uint8Array[]
  /** Every packet that the server sent. */
  readonly fromServer: Uint8Array[]
  /** Changes from here on what happens to packets. */
  weather: Weather
  /** Connects and lets time pass until nothing is left to do at once. */
  readonly connect: () => void
  /** Puts a client that knows nothing of this one but its credentials in its place, same address and port. */
  readonly restart: (credentials?: ClientCredentials) => TestClient
}

/** A suite whose randomness is a seed's. */
export function seededSuite(random: SeededRandom): CryptoSuite {
  return { ...nodeCryptoSuite, randomBytes: (length) => Uint8Array.from(random.bytes(length)) }
}

/** Sets a scene; nothing has happened in it yet. */
export function makeScene(options: SceneOptions = {}): Scene {
  const random = new SeededRandom(options.seed ?? 1)
  const suite = seededSuite(random)
  const simulation = new Simulation(1_750_000_000_000)
  const staticKey = suite.randomBytes(256)
  const context = serverContext(suite, options.wrap, staticKey)
  const key = createClientKey(suite, context.tlsCryptV2ServerKey, encodeMetadata(METADATA))
  const remote = options.remote ?? REMOTE
  const fromClient: Uint8Array[] = []
  const fromServer: Uint8Array[] = []
  const weather = (): Weather => scene.weather
  const carry = remote.transport === 'tcp' ? makeStream : makeWire
  const toClient = carry(simulation, weather, random, (bytes) => {
    scene.client.receive(bytes)
  })
  const makeTls: MakeTls = options.makeTls ?? ((role, events) => new FakeTls(suite, role, events))
  const server = new TestServer(context, simulation, options.decide ?? ALLOW, makeTls, (bytes, to) => {
    fromServer.push(bytes)
    if (to.port === scene.client.remote.port && to.address === scene.client.remote.address) toClient(bytes)
  })
  const clientOptions = testClientOptions({ ...options, makeTls, remote }, wrapOf(options.wrap, key, staticKey))
  const makeClient = (credentials?: ClientCredentials): TestClient => {
    // What is on its way comes from where the client was when it sent it.
    const wires = new Map<RemoteAddress, (bytes: Uint8Array) => void>()
    const wireFrom = (from: RemoteAddress): ((bytes: Uint8Array) => void) =>
      carry(simulation, weather, random, (bytes) => {
        server.receive(bytes, from)
      })
    const transmit = (bytes: Uint8Array): void => {
      fromClient.push(bytes)
      const wire = wires.get(client.remote) ?? wireFrom(client.remote)
      wires.set(client.remote, wire)
      wire(bytes)
    }
    const client = new TestClient(suite, simulation, clientOptions, transmit, credentials)
    return client
  }
  const scene = {
    simulation,
    server,
    client: makeClient(),
    context,
    key,
    fromClient,
    fromServer,
    weather: options.weather ?? FAIR_WEATHER,
    connect: (): void => {
      scene.client.connect()
      simulation.pass(1_000)
    },
    restart: (credentials?: ClientCredentials): TestClient => {
      scene.client.vanish()
      scene.client = makeClient(credentials)
      return scene.client
    },
  }
  return scene
}

function testClientOptions(
  options: SceneOptions & Pick<TestClientOptions, 'makeTls' | 'remote'>,
  wrap: ClientWrap,
): TestClientOptions {
  const { line, peerInfo, username = 'ada', password = 'secret', options: optionsString = OPTIONS_26 } = options
  const behaviour = CLIENT_BEHAVIOURS[line ?? '2.6']
  return {
    behaviour,
    wrap,
    remote: options.remote,
    makeTls: options.makeTls,
    peerInfo: peerInfo ?? (line === undefined ? PEER_INFO_26 : behaviour.peerInfo),
    username,
    password,
    options: optionsString,
    renegotiateAfterMs: options.renegotiateAfterMs,
    expectsDamage: (options.weather?.corruption ?? 0) > 0,
  }
}

function serverContext(suite: CryptoSuite, wrap: ClientWrap['mode'] | undefined, key: Uint8Array): ServerContext {
  const { tenantId } = METADATA
  const tlsAuth = { tenantId, mode: 'tls-auth', digest: 'SHA256', key } as const
  const tlsCrypt = { tenantId, mode: 'tls-crypt', key } as const
  return {
    suite,
    tlsCryptV2ServerKey: suite.randomBytes(128),
    cookieKeys: [{ validFromMs: 0, key: suite.randomBytes(32) }],
    staticKeys: wrap === 'tls-auth' ? [tlsAuth] : wrap === 'tls-crypt' ? [tlsCrypt] : [],
    limits: new InitialLimits(suite),
    wrappedKeys: new WrappedKeyMemory(),
  }
}

function wrapOf(mode: ClientWrap['mode'] | undefined, key: TlsCryptV2ClientKey, staticKey: Uint8Array): ClientWrap {
  if (mode === 'tls-auth') return { mode, digest: 'SHA256', key: staticKey }
  return mode === 'tls-crypt' ? { mode, key: staticKey } : { mode: 'tls-crypt-v2', key }
}
