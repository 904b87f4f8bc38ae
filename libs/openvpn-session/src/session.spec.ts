import { expect, it } from 'vitest'

import { GRANT, makeScene, METADATA } from './testing/scene.ts'

it('connects a client: three packets without state, key method 2, push reply, the same keys on both sides', () => {
  const { server, client, connect } = makeScene()
  connect()
  expect(client.violations).toEqual([])
  expect(server.stateless).toEqual(['answer', 'create'])
  expect(server.session?.metadata).toEqual(METADATA)
  expect(client.pushed).toEqual([
    ...GRANT.pushOptions,
    'peer-id 65538',
    'auth-token SESS_ID_AT_first',
    'cipher AES-256-GCM',
    'protocol-flags cc-exit tls-ekm dyn-tls-crypt',
    'tun-mtu 1500',
  ])
})
