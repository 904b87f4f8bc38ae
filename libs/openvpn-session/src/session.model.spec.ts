import { concatBytes } from '@sallyport/foundation'
import { type KeyId, OPCODE, toKeyId } from '@sallyport/openvpn-wire'
import fc from 'fast-check'
import { expect, it } from 'vitest'

import type { SessionAction, SessionInput } from './actions.ts'
import { CLIENT_BEHAVIOURS, type ClientLine } from './client/client-behaviour.ts'
import type { Session } from './session.ts'
import { GRANT, makeScene, REMOTE, type Scene } from './testing/scene.ts'
import { SessionOracle } from './testing/session-oracle.ts'
import { BLACKOUT, FAIR_WEATHER, type Weather } from './testing/simulation.ts'
import { GOOD_PEER } from './testing/test-server.ts'

const ELSEWHERE = { ...REMOTE, address: '198.51.100.4', port: 51000 }
const STORM: Weather = { delayMs: 30, jitterMs: 400, loss: 0.25, duplication: 0.2, corruption: 0.1 }
const LINES = Object.keys(CLIENT_BEHAVIOURS) as ClientLine[]
/** What a handshake may take to fail, and then some. */
const HEALED_WITHIN_MS = 180_000
const PING_RESTART_MS = 20_000

/** What the test knows of how things stand, apart from the sessions themselves. */
interface Model {
  /** Somebody with the right keys lied: the two sides need not understand each other any more. */
  tampered: boolean
}

/** The scene with an oracle for every session that the server makes. */
interface World {
  readonly scene: Scene
  readonly oracles: Map<Session, SessionOracle>
  readonly model: Model
}

/** Deciding at once gets far, deciding by steps of the test gets everywhere. */
function makeWorld(line: ClientLine, seed: number, decidesAtOnce: boolean): World {
  const grant = { ...GRANT, renegotiateAfterMs: 20_000 }
  const scene = makeScene({ line, seed, decide: () => (decidesAtOnce ? { type: 'allowed', grant } : undefined) })
  const oracles = new Map<Session, SessionOracle>()
  const world = { scene, oracles, model: { tampered: false } }
  scene.server.observe = (session, input, actions, nowMs) => {
    const oracle = oracles.get(session) ?? new SessionOracle()
    oracles.set(session, oracle)
    const { client } = scene
    const isHis = session.owns(concatBytes([Uint8Array.of(OPCODE.control << 3), client.sessionId]))
    if (isHis && !world.model.tampered) expectNothingSaidTooEarly(oracle, actions, client)
    oracle.observe(input, actions, nowMs)
  }
  scene.client.connect()
  return world
}

/** An honest client has read key method 2 before it acknowledges it, and nothing else is said to it before that. */
function expectNothingSaidTooEarly(
  oracle: SessionOracle,
  actions: readonly SessionAction[],
  client: Scene['client'],
): void {
  for (const action of actions) {
    if (action.type === 'tls-write' && oracle.introduced(action.keyId)) {
      expect(client.wasAnswered(action.keyId)).toBe(true)
    }
  }
}

/** A step of the test, named as it stands in a counterexample. */
class Step implements fc.Command<Model, World> {
  readonly #name: string
  readonly #tampers: boolean
  readonly #run: (scene: Scene) => void

  constructor(name: string, run: (scene: Scene) => void, tampers = false) {
    this.#name = name
    this.#run = run
    this.#tampers = tampers
  }

  check(): boolean {
    return true
  }

  run(model: Model, { scene }: World): void {
    model.tampered ||= this.#tampers
    this.#run(scene)
  }

  toString(): string {
    return this.#name
  }
}

const keyIds = fc.nat(3).map((value): KeyId => toKeyId(value) ?? 0)
const noise = fc.uint8Array({ maxLength: 200 })
const tell = (name: string, input: SessionInput, tampers = false): Step =>
  new Step(
    `server: ${name}`,
    ({ server }) => {
      server.input(input)
    },
    tampers,
  )

const time = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 3_000 }) },
  fc.integer({ min: 3_000, max: 30_000 }),
)
const passing = time.map(
  (ms) =>
    new Step(`pass ${String(ms)} ms`, ({ simulation }) => {
      simulation.pass(ms)
    }),
)
const weathers = fc.constantFrom<[string, Weather]>(['fair', FAIR_WEATHER], ['storm', STORM], ['blackout', BLACKOUT])
const changingWeather = weathers.map(
  ([name, weather]) =>
    new Step(`weather ${name}`, (scene) => {
      scene.weather = weather
    }),
)

/** Old packets again: as they were, damaged, from elsewhere, or to the other side. */
const replaying = fc
  .record({ which: fc.nat(), damage: fc.option(fc.nat(), { freq: 2, nil: undefined }), elsewhere: fc.boolean() })
  .map(({ which, damage, elsewhere }) => {
    const name = `replay ${String(which)} damage ${String(damage)} elsewhere ${String(elsewhere)}`
    return new Step(name, ({ server, fromClient }) => {
      const packet = Uint8Array.from(fromClient[which % fromClient.length] ?? [])
      if (damage !== undefined) packet[damage % packet.length] = (packet[damage % packet.length] ?? 0) ^ 0x10
      server.receive(packet, elsewhere ? ELSEWHERE : REMOTE)
    })
  })
const replayingToClient = fc.nat().map(
  (which) =>
    new Step(`replay ${String(which)} to the client`, ({ client, fromServer }) => {
      const packet = fromServer[which % Math.max(fromServer.length, 1)]
      if (packet !== undefined) client.receive(packet)
    }),
)
const junk = fc.record({ head: fc.nat(255), bytes: noise, named: fc.boolean() }).map(
  ({ head, bytes, named }) =>
    new Step(`junk ${String(head)} + ${String(bytes.length)}`, ({ server, client }) => {
      const name = named ? client.sessionId : new Uint8Array(0)
      server.receive(concatBytes([Uint8Array.of(head), name, bytes]), REMOTE)
    }),
)

const GRANTS = [GRANT, { ...GRANT, renegotiateAfterMs: 20_000 }, { ...GRANT, authToken: undefined }]
const deciding = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(keyIds, fc.constantFrom(...GRANTS))
      .map(([keyId, grant]) => tell(`allow ${String(keyId)}`, { type: 'allowed', keyId, grant })),
  },
  keyIds.map((keyId) => {
    const method = { kind: 'text', prompt: 'Code?', echo: false } as const
    return tell(`wait ${String(keyId)}`, { type: 'pending', keyId, pending: { timeoutSeconds: 90, method } })
  }),
)
const serverEvents = fc.oneof(
  { weight: 6, arbitrary: fc.constant(tell('timer', { type: 'timer' })) },
  { weight: 6, arbitrary: keyIds.map((keyId) => tell(`key-limit ${String(keyId)}`, { type: 'key-limit', keyId })) },
  { weight: 6, arbitrary: keyIds.map((keyId) => tell(`key-used ${String(keyId)}`, { type: 'key-used', keyId })) },
  {
    weight: 3,
    arbitrary: fc.constant(tell('push-update', { type: 'push-update', configuration: GRANT.configuration })),
  },
  { weight: 3, arbitrary: fc.constant(tell('info', { type: 'info', message: 'Maintenance at noon' })) },
)
/** What is likely to be the end of a session. */
const endings = fc.oneof(
  keyIds.map((keyId) => tell(`tls-failed ${String(keyId)}`, { type: 'tls-failed', keyId, code: 'ERR_SSL' }, true)),
  keyIds.map((keyId) =>
    tell(`refuse ${String(keyId)}`, { type: 'refused', keyId, refusal: { code: 'no', message: 'no' } }),
  ),
  fc
    .constantFrom('halt', 'restart', 'auth-failed', 'exit')
    .map((how) => tell(`end ${how}`, { type: 'end', how, reason: 'over' })),
  fc.constant(tell('keepalive-timeout', { type: 'peer-gone', reason: 'keepalive-timeout' })),
  fc.constant(
    new Step('client: leaves', ({ client }) => {
      client.input({ type: 'leave' })
    }),
  ),
  fc.constant(
    new Step('client: starts again', (scene) => {
      scene.restart(scene.client.credentials).connect()
    }),
  ),
)
const client = (name: string, run: (scene: Scene) => void): Step => new Step(`client: ${name}`, run)
const clientEvents = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constant(
      client('renegotiate', ({ client: c }) => {
        c.input({ type: 'renegotiate' })
      }),
    ),
  },
  { weight: 4, arbitrary: fc.constant(client('data', ({ client: c }) => void c.sendData())) },
  { weight: 2, arbitrary: fc.constant(client('hears data', ({ server }) => void server.sendData())) },
  fc.constant(
    client('responds', ({ client: c }) => {
      c.input({ type: 'respond', response: '123456' })
    }),
  ),
  fc.nat(20).map((port) =>
    client(`moves to port ${String(port)}`, (scene) => {
      scene.client.remote = { ...REMOTE, port: REMOTE.port + port }
    }),
  ),
)

/** A client with the right keys that says anything, and a TLS engine that gives anything. */
const opcodes = fc.constantFrom(
  OPCODE.softReset,
  OPCODE.control,
  OPCODE.ack,
  OPCODE.controlWkc,
  OPCODE.hardResetClientV3,
)
const lying = fc.oneof(
  fc
    .record({
      opcode: opcodes,
      keyId: keyIds,
      acks: fc.array(fc.nat(12), { maxLength: 8 }),
      messageId: fc.nat(20),
      payload: noise,
    })
    .map(({ opcode, keyId, ...content }) => {
      const name = `forged ${String(opcode)} key ${String(keyId)} message ${String(content.messageId)}`
      return new Step(
        name,
        ({ server, client: c }) => {
          const acks = opcode === OPCODE.ack && content.acks.length === 0 ? [0] : content.acks
          const named = c.serverSessionId === undefined ? [] : acks
          if (opcode === OPCODE.ack && named.length === 0) return
          const { messageId, payload } = content
          const body = opcode === OPCODE.ack ? { acks: named } : { acks: named, messageId, payload }
          server.receive(c.forge(opcode, keyId, body), REMOTE)
        },
        true,
      )
    }),
  keyIds.map(
    (keyId) =>
      new Step(
        `established ${String(keyId)}`,
        ({ server }) => {
          const keyMaterial = { dataKeys: new Uint8Array(256).fill(1), dynamicTlsCrypt: new Uint8Array(256).fill(2) }
          server.input({ type: 'tls-established', keyId, peer: GOOD_PEER, keyMaterial })
        },
        true,
      ),
  ),
  fc
    .tuple(keyIds, noise)
    .map(([keyId, bytes]) => tell(`plaintext ${String(keyId)}`, { type: 'tls-plaintext', keyId, bytes }, true)),
  fc
    .tuple(keyIds, noise)
    .map(([keyId, bytes]) => tell(`ciphertext ${String(keyId)}`, { type: 'tls-ciphertext', keyId, bytes }, true)),
)

const honest = [
  { weight: 20, arbitrary: passing },
  { weight: 4, arbitrary: changingWeather },
  { weight: 5, arbitrary: replaying },
  { weight: 4, arbitrary: replayingToClient },
  { weight: 3, arbitrary: junk },
  { weight: 8, arbitrary: deciding },
  { weight: 6, arbitrary: serverEvents },
  { weight: 8, arbitrary: clientEvents },
  { weight: 1, arbitrary: endings },
]
type Weighted = readonly { readonly weight: number; readonly arbitrary: fc.Arbitrary<Step> }[]
const sequences = (steps: Weighted): fc.Arbitrary<Iterable<fc.Command<Model, World>>> =>
  fc.commands(
    steps.flatMap(({ weight, arbitrary }) => Array.from({ length: weight }, () => arbitrary)),
    { maxCommands: 80, size: 'max' },
  )

/** What only a server can cause that speaks wrongly; damage, repetition and lateness give other reasons. */
const FAULTS_OF_A_SERVER = [
  'too-many-acks',
  'bad-ack',
  'malformed',
  'bad-message-id',
  'bad-early-negotiation',
  'bad-control-message',
  'several-messages-in-record',
  'unfinished-message',
  'message-before-active',
  'unknown-message',
  'not one message in a record',
]

/** Says whether data arrives both ways. */
function talks({ client, server, simulation }: Scene): boolean {
  const [up, down] = [server.dataReceived, client.dataReceived]
  client.sendData()
  simulation.pass(100)
  server.sendData()
  simulation.pass(100)
  return server.dataReceived > up && client.dataReceived > down
}

/** Makes the network good, does what hosts do on both sides, and waits until data flows. */
function heal({ scene }: World): void {
  const { simulation, server } = scene
  scene.weather = FAIR_WEATHER
  server.decide = () => ({ type: 'allowed', grant: GRANT })
  for (const keyId of [0, 1, 2, 3, 4, 5, 6, 7] as const) server.input({ type: 'allowed', keyId, grant: GRANT })
  const startMs = simulation.nowMs
  let silentSinceMs = startMs
  while (!talks(scene)) {
    expect(simulation.nowMs - startMs).toBeLessThan(HEALED_WITHIN_MS)
    simulation.pass(1_000)
    const { client } = scene
    const isSilent = client.of('connected').length > 0 && simulation.nowMs - silentSinceMs > PING_RESTART_MS
    if (isSilent) client.input({ type: 'peer-gone' })
    if (client.of('ended').length === 0) continue
    scene.restart(client.credentials).connect()
    silentSinceMs = simulation.nowMs
  }
}

function explore(commands: fc.Arbitrary<Iterable<fc.Command<Model, World>>>, numRuns: number): void {
  const lines = fc.constantFrom(...LINES)
  const atOnce = fc.constantFrom(true, true, false)
  fc.assert(
    fc.property(lines, fc.integer(), atOnce, commands, (line, seed, decidesAtOnce, steps) => {
      const world = makeWorld(line, seed, decidesAtOnce)
      const { model } = world
      fc.modelRun(() => ({ model, real: world }), steps)
      const { client } = world.scene
      heal(world)
      if (!model.tampered) {
        expect(client.violations.filter((violation) => FAULTS_OF_A_SERVER.includes(violation))).toEqual([])
      }
      // Whatever happened, time brings every session that is over to its close.
      world.scene.client.vanish()
      world.scene.server.input({ type: 'end', how: 'halt', reason: 'over' })
      world.scene.simulation.pass(200_000)
      const live = [...world.oracles].filter(([session]) => session === world.scene.server.session)
      for (const [, oracle] of live) expect([oracle.ended, oracle.closed]).toEqual([true, true])
    }),
    { numRuns },
  )
}

it(
  'keeps every promise to its host on any network, and both sides connect once the network is good',
  { timeout: 120_000 },
  () => {
    explore(sequences(honest), 120)
  },
)

it('keeps them also when the client lies under the right keys and TLS gives anything', { timeout: 120_000 }, () => {
  explore(sequences([...honest, { weight: 8, arbitrary: lying }]), 120)
})

it('destroys key material that it does not keep: given twice, or for a key state that is not there', () => {
  const { scene } = makeWorld('2.6', 1, true)
  scene.simulation.pass(1_000)
  for (const keyId of [0, 5] as const) {
    const keyMaterial = { dataKeys: new Uint8Array(256).fill(1), dynamicTlsCrypt: new Uint8Array(256).fill(2) }
    scene.server.input({ type: 'tls-established', keyId, peer: GOOD_PEER, keyMaterial })
    expect(keyMaterial).toEqual({ dataKeys: new Uint8Array(256), dynamicTlsCrypt: new Uint8Array(256) })
  }
})
