import { ByteReader, ByteWriter, concatBytes } from '@sallyport/foundation'
import {
  answerInitialPacket,
  InitialLimits,
  type RemoteAddress,
  type ServerContext,
  type Session,
  type SessionAction,
  type SessionInput,
  WrappedKeyMemory,
} from '@sallyport/openvpn-session'
import {
  createClientKey,
  type CryptoSuite,
  encodeMetadata,
  type KeyId,
  nodeCryptoSuite,
  OPCODE,
  type Opcode,
  serialiseClientKeyMethod2,
  serialiseControlBody,
  serialiseControlHeader,
  serialiseControlMessage,
  toKeyId,
  toSessionId,
} from '@sallyport/openvpn-wire'

import { expectThat, type FuzzTarget } from '../fuzz-target.ts'

const NOW_MS = 1_750_000_000_000
const TENANT = '11111111-2222-4333-8444-555555555555'
const DEVICE = { tenantId: TENANT, deviceId: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee' }
const EARLY_NEGOTIATION_ID = 0x0f000001
const MAX_PACKET_BYTES = 1250
const CLIENT = bytesToSessionId(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
const MAC = new Uint8Array(32).fill(0x5a)
/** The cookie of every client, because the MAC is always the same. */
const COOKIE = bytesToSessionId(MAC.subarray(0, 8))

/** Lets every packet through that has the right form: mutations would never make a right MAC. */
const transparentSuite: CryptoSuite = {
  ...nodeCryptoSuite,
  hmacSha256: () => Uint8Array.from(MAC),
  aes256Ctr: (_key, _counter, text) => Uint8Array.from(text),
  randomBytes: (length) => new Uint8Array(length).fill(7),
}

const serverKey = new Uint8Array(128)
const clientKey = createClientKey(transparentSuite, serverKey, encodeMetadata(DEVICE))

/** The limits' tables are large, so a few inputs share them; each comes from an address of its own. */
const RUNS_FOR_LIMITS = 32
let limits = new InitialLimits(transparentSuite)
let runs = 0

function freshContext(): ServerContext {
  runs += 1
  if (runs % RUNS_FOR_LIMITS === 0) limits = new InitialLimits(transparentSuite)
  return {
    suite: transparentSuite,
    tlsCryptV2ServerKey: serverKey,
    cookieKeys: [{ validFromMs: 0, key: new Uint8Array(32) }],
    staticKeys: [{ tenantId: TENANT, mode: 'tls-crypt', key: new Uint8Array(256) }],
    limits,
    wrappedKeys: new WrappedKeyMemory(),
  }
}

function nextRemote(): RemoteAddress {
  return { transport: 'udp', address: `192.0.2.${String(runs % RUNS_FOR_LIMITS)}`, port: 40000, localPort: 1194 }
}

const initialPacket: FuzzTarget = {
  name: 'initial-packet',
  maxBytes: 2048,
  seeds: () => [
    packet(OPCODE.hardResetClientV3, EARLY_NEGOTIATION_ID, { messageId: 0 }),
    packet(OPCODE.hardResetClientV3, 1, { messageId: 0 }),
    packet(OPCODE.hardResetClientV2, 1, { messageId: 0 }),
    proof(),
    packet(OPCODE.ack, 2, { acks: [0] }),
  ],
  run: (input) => {
    const result = answerInitialPacket(freshContext(), nextRemote(), input, NOW_MS)
    if (result.type === 'answer' && input[0] === OPCODE.hardResetClientV3 << 3) {
      expectThat(result.bytes.length <= input.length, 'an answer is no longer than the question')
    }
    if (result.type === 'create') new Watch().take(result.actions)
  },
}

const sessionInputs: FuzzTarget = {
  name: 'session-inputs',
  maxBytes: 4096,
  seeds: () => [
    concatBytes([
      step(STEP.established, new Uint8Array(0)),
      step(STEP.plaintext, introduction()),
      step(STEP.datagram, packet(OPCODE.ack, EARLY_NEGOTIATION_ID + 2, { acks: [1] })),
      step(STEP.allowed, new Uint8Array(0)),
      step(STEP.plaintext, serialiseControlMessage('PUSH_REQUEST')),
      step(STEP.datagram, packet(OPCODE.softReset, EARLY_NEGOTIATION_ID + 3, { messageId: 0 }, 1)),
      step(STEP.time, Uint8Array.of(0x20, 0)),
      step(STEP.plaintext, serialiseControlMessage('EXIT')),
    ]),
    concatBytes([
      step(STEP.established, new Uint8Array(0)),
      step(STEP.plaintext, introduction()),
      step(STEP.pending, new Uint8Array(0)),
      step(STEP.plaintext, serialiseControlMessage('CR_RESPONSE,MTIzNDU2')),
      step(STEP.refused, new Uint8Array(0)),
      step(STEP.time, Uint8Array.of(0xff, 0xff)),
    ]),
    step(STEP.failed, new Uint8Array(0)),
  ],
  run: (input) => {
    const created = answerInitialPacket(freshContext(), nextRemote(), proof(), NOW_MS)
    if (created.type !== 'create') throw new Error('the session of the test was not created')
    const watch = new Watch()
    watch.take(created.actions)
    drive(created.session, input, watch)
  },
}

/** Targets that are reached with a profile's key in hand, but before anybody is authenticated. */
export const sessionTargets = [initialPacket, sessionInputs]

const STEP = {
  datagram: 0,
  plaintext: 1,
  ciphertext: 2,
  established: 3,
  failed: 4,
  allowed: 5,
  refused: 6,
  pending: 7,
  time: 8,
  end: 9,
  keyUsed: 10,
} as const

/** Reads the input as steps: kind, key id, length, bytes. */
function drive(session: Session, input: Uint8Array, watch: Watch): void {
  const reader = new ByteReader(input)
  let nowMs = NOW_MS
  while (reader.remaining >= 4) {
    const kind = reader.u8()
    const keyId = toKeyId(reader.u8() & 7) ?? 0
    const bytes = reader.take(Math.min(reader.u16(), reader.remaining))
    if (kind === STEP.time) nowMs += 10 * (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0))
    watch.take(session.handle(inputOf(kind, keyId, bytes), nowMs))
    watch.take(session.settle())
  }
}

function inputOf(kind: number, keyId: KeyId, bytes: Uint8Array): SessionInput {
  switch (kind) {
    case STEP.datagram:
      return { type: 'datagram', bytes }
    case STEP.plaintext:
      return { type: 'tls-plaintext', keyId, bytes }
    case STEP.ciphertext:
      return { type: 'tls-ciphertext', keyId, bytes }
    case STEP.established:
      return { type: 'tls-established', keyId, peer: PEER, keyMaterial: keyMaterial() }
    case STEP.failed:
      return { type: 'tls-failed', keyId, code: 'ERR_SSL' }
    case STEP.allowed:
      return { type: 'allowed', keyId, grant: GRANT }
    case STEP.refused:
      return { type: 'refused', keyId, refusal: { code: 'wrong-password', message: 'No' } }
    case STEP.pending:
      return {
        type: 'pending',
        keyId,
        pending: { timeoutSeconds: 120, method: { kind: 'text', prompt: 'Code', echo: true } },
      }
    case STEP.end:
      return { type: 'end', how: bytes[0] === 1 ? 'restart' : 'halt', reason: 'maintenance' }
    case STEP.keyUsed:
      return { type: 'key-used', keyId }
    default:
      return { type: 'timer' }
  }
}

const PEER = {
  verifyError: undefined,
  certificateSha256: 'ab'.repeat(32),
  certificateSerial: '1f',
  commonName: 'device',
}
const GRANT = {
  peerId: 0x010002,
  configuration: {
    ipv4: { address: '10.8.0.2', netmask: '255.255.255.0', gateway: '10.8.0.1' },
    keepalive: { pingSeconds: 10, pingRestartSeconds: 60 },
    routes: ['10.20.0.0/16'],
    dns: { servers: [], searchDomains: [], resolveDomains: [] },
    tunMtu: 1500,
  },
  authToken: 'SESS_ID_AT_first',
  renegotiateAfterMs: 3_600_000,
  endsAtMs: NOW_MS + 7_200_000,
}

/** Holds a session to what its host relies on. */
class Watch {
  #ended = false
  #closed = false

  take(actions: readonly SessionAction[]): void {
    for (const action of actions) {
      expectThat(!this.#closed || action.type === 'drop', 'nothing but drops comes after the end')
      if (action.type === 'send') expectThat(action.bytes.length <= MAX_PACKET_BYTES, 'packets fit the path')
      if (action.type === 'ended') {
        expectThat(!this.#ended, 'a session ends once')
        this.#ended = true
      }
      if (action.type === 'closed') {
        expectThat(this.#ended, 'a session ends before it is closed')
        this.#closed = true
      }
    }
  }
}

function keyMaterial(): { dataKeys: Uint8Array; dynamicTlsCrypt: Uint8Array } {
  return { dataKeys: new Uint8Array(256).fill(3), dynamicTlsCrypt: new Uint8Array(256).fill(4) }
}

interface Body {
  readonly acks?: readonly number[]
  readonly messageId?: number
  readonly payload?: Uint8Array
}

/** Builds a client's packet in the transparent wrapping. */
function packet(opcode: Opcode, replayId: number, body: Body, keyId: KeyId = 0): Uint8Array {
  const { acks = [], messageId, payload = new Uint8Array(0) } = body
  const carriesKey = opcode === OPCODE.hardResetClientV3 || opcode === OPCODE.controlWkc
  const remoteSessionId = acks.length > 0 ? COOKIE : undefined
  return new ByteWriter()
    .append(serialiseControlHeader({ opcode, keyId, sessionId: CLIENT }))
    .u32(replayId)
    .u32(NOW_MS / 1000)
    .append(MAC)
    .append(serialiseControlBody({ acks, remoteSessionId, messageId, payload }))
    .append(carriesKey ? clientKey.wrappedKey : new Uint8Array(0))
    .finish()
}

function proof(): Uint8Array {
  const hello = { acks: [0], messageId: 1, payload: Uint8Array.of(22, 3, 1) }
  return packet(OPCODE.controlWkc, EARLY_NEGOTIATION_ID + 1, hello)
}

function introduction(): Uint8Array {
  return serialiseClientKeyMethod2({
    preMaster: new Uint8Array(48).fill(1),
    random1: new Uint8Array(32).fill(2),
    random2: new Uint8Array(32).fill(3),
    options: 'V4,dev-type tun,link-mtu 1549,tun-mtu 1500,proto UDPv4,auth SHA1,key-method 2,tls-client',
    username: 'ada',
    password: 'secret',
    peerInfo: 'IV_VER=2.6.14\nIV_NCP=2\nIV_CIPHERS=AES-256-GCM\nIV_PROTO=990\nIV_SSO=webauth,crtext\n',
  })
}

function step(kind: number, bytes: Uint8Array): Uint8Array {
  return new ByteWriter().u8(kind).u8(0).u16(bytes.length).append(bytes).finish()
}

function bytesToSessionId(bytes: Uint8Array): NonNullable<ReturnType<typeof toSessionId>> {
  const id = toSessionId(bytes)
  if (id === undefined) throw new RangeError('a session id is eight bytes, not all zero')
  return id
}
