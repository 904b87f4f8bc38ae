import {
  createClientKey,
  type CryptoSuite,
  encodeMetadata,
  nodeCryptoSuite,
  type TlsCryptV2ClientKey,
} from '@sallyport/openvpn-wire'
import { SeededRandom } from '@sallyport/testkit'

import type { SessionGrant } from '../actions.ts'
import type { ServerContext } from '../handshake/initial-packet.ts'
import { FAIR_WEATHER, makeWire, Simulation, type Weather } from './simulation.ts'
import { TestClient, type TestClientOptions } from './test-client.ts'
import { type Decide, TestServer } from './test-server.ts'

/** Whose profile the test client has. */
export const METADATA = {
  tenantId: '11111111-2222-4333-8444-555555555555',
  deviceId: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
}
/** Where the test client is. */
export const REMOTE = { address: '192.0.2.7', port: 40000 }

/** What OpenVPN 2.6 says about itself; IV_PROTO announces the exporter and the dynamic wrapping. */
export const PEER_INFO_26 =
  'IV_VER=2.6.14\nIV_PLAT=linux\nIV_MTU=1600\nIV_NCP=2\nIV_CIPHERS=AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305\nIV_PROTO=990\n'
/** Options string of a client of the same version. */
export const OPTIONS_26 =
  'V4,dev-type tun,link-mtu 1549,tun-mtu 1500,proto UDPv4,auth [null-digest],keysize 256,key-method 2,tls-client'

/** Terms that allow the test client. */
export const GRANT: SessionGrant = {
  peerId: 0x010002,
  pushOptions: ['topology subnet', 'ifconfig 10.8.0.2 255.255.255.0', 'ping 10', 'ping-restart 60'],
  authToken: 'SESS_ID_AT_first',
  tunMtu: 1500,
  renegotiateAfterMs: undefined,
  endsAtMs: undefined,
}

/** Allows everybody. */
export const ALLOW: Decide = () => ({ type: 'allowed', grant: GRANT })

/** What may differ in a scene. */
export interface SceneOptions extends Partial<TestClientOptions> {
  readonly decide?: Decide
  readonly seed?: number
  readonly weather?: Weather
}

/** One server and one client with the weather between them. */
export interface Scene {
  readonly simulation: Simulation
  readonly server: TestServer
  readonly client: TestClient
  readonly context: ServerContext
  readonly key: TlsCryptV2ClientKey
  /** Every packet that the client sent, with the weather still to come. */
  readonly fromClient: Uint8Array[]
  /** Every packet that the server sent. */
  readonly fromServer: Uint8Array[]
  /** Connects and lets time pass until nothing is left to do at once. */
  readonly connect: () => void
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
  const context = { suite, tlsCryptV2ServerKey: suite.randomBytes(128), cookieKey: suite.randomBytes(32) }
  const key = createClientKey(suite, context.tlsCryptV2ServerKey, encodeMetadata(METADATA))
  const weather = options.weather ?? FAIR_WEATHER
  const fromClient: Uint8Array[] = []
  const fromServer: Uint8Array[] = []
  const toClient = makeWire(simulation, weather, random, (bytes) => {
    client.receive(bytes)
  })
  const toServer = makeWire(simulation, weather, random, (bytes) => {
    server.receive(bytes)
  })
  const server = new TestServer(context, REMOTE, simulation, options.decide ?? ALLOW, (bytes) => {
    fromServer.push(bytes)
    toClient(bytes)
  })
  const clientOptions = {
    peerInfo: PEER_INFO_26,
    username: 'ada',
    password: 'secret',
    options: OPTIONS_26,
    lastReplayId: 0x0f000000,
    ...options,
  }
  const client = new TestClient(suite, simulation, key, clientOptions, (bytes) => {
    fromClient.push(bytes)
    toServer(bytes)
  })
  const connect = (): void => {
    client.connect()
    simulation.pass(1_000)
  }
  return { simulation, server, client, context, key, fromClient, fromServer, connect }
}
