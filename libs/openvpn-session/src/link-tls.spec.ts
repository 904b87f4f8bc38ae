import { setImmediate } from 'node:timers/promises'

import { ThrowawayCa } from '@sallyport/testkit'
import { expect, it } from 'vitest'

import type { MakeTls } from './testing/fake-tls.ts'
import { NodeTls, tlsContext } from './testing/node-tls.ts'
import { makeScene, REMOTE, type Scene } from './testing/scene.ts'

/** TLS runs in real time, everything else in the test's: gives the one its turn after each step of the other. */
async function passUntil({ simulation }: Scene, holds: () => boolean): Promise<void> {
  for (let step = 0; step < 2_000 && !holds(); step++) {
    for (let turn = 0; turn < 4; turn++) await setImmediate()
    simulation.pass(20)
  }
  expect(holds()).toBe(true)
}

async function realTls(): Promise<MakeTls> {
  const ca = await ThrowawayCa.create()
  const contexts = {
    client: tlsContext(await ca.issue({ commonName: 'device', usages: ['client'] }), ca.certificatePem),
    server: tlsContext(await ca.issue({ commonName: 'node', usages: ['server'] }), ca.certificatePem),
  }
  return (role, events) => new NodeTls(role, contexts[role], events)
}

it.each(['2.4', '2.6', '2.7', 'v3'] as const)(
  'both roles agree over the TLS of node, with loss, and renew their keys, line %s',
  async (line) => {
    const weather = { delayMs: 20, jitterMs: 30, loss: 0.1, duplication: 0.05 }
    const scene = makeScene({ line, makeTls: await realTls(), weather, seed: 5 })
    const { client, server } = scene
    client.connect()
    await passUntil(scene, () => client.of('connected').length === 1)
    expect(server.of('install-keys')[0]?.keys).toEqual(client.serverView(0))
    client.renegotiate()
    await passUntil(scene, () => server.of('install-keys').length === 2 && client.of('install-keys').length === 2)
    expect(server.of('install-keys')[1]?.keys).toEqual(client.serverView(1))
    expect(client.violations).toEqual([])
  },
)

it('ends both roles over TCP when the client leaves', async () => {
  const scene = makeScene({ makeTls: await realTls(), remote: { ...REMOTE, transport: 'tcp' } })
  const { client, server } = scene
  client.connect()
  await passUntil(scene, () => client.of('connected').length === 1)
  client.input({ type: 'leave' })
  await passUntil(scene, () => server.of('ended').length === 1 && client.of('closed').length === 1)
  expect(server.of('ended')).toEqual([{ type: 'ended', reason: 'client-exit' }])
})
