import { expect, it } from 'vitest'

import { pullConfiguration, pulledToken, UpdatedOptions } from './pulled-configuration.ts'

const OFFERED = 'V4,dev-type tun,auth SHA1,key-method 2,tls-client'
const PUSHED = ['topology subnet', 'peer-id 7', 'auth-token SESS_ID_AT_x', 'auth-token-user YWRh', 'cipher AES-128-GCM']

it('reads what was agreed and keeps the token out of the options', () => {
  expect(
    pullConfiguration([...PUSHED, 'protocol-flags cc-exit tls-ekm dyn-tls-crypt aead-epoch'], OFFERED, true),
  ).toEqual({
    options: [
      'topology subnet',
      'peer-id 7',
      'cipher AES-128-GCM',
      'protocol-flags cc-exit tls-ekm dyn-tls-crypt aead-epoch',
    ],
    peerId: 7,
    cipher: 'AES-128-GCM',
    keyFormat: 'epoch',
    keyDerivation: 'tls-exporter',
    dynamicTlsCrypt: true,
    exitNotify: true,
    framing: 'none',
  })
  expect(pulledToken(PUSHED)).toEqual({ token: 'SESS_ID_AT_x', username: 'ada' })
  expect(pulledToken(['auth-token SESS_ID_AT_y'])).toEqual({ token: 'SESS_ID_AT_y', username: undefined })
  expect(pulledToken(['ping 10'])).toBeUndefined()
})

it('takes the exporter also by the older word, and nothing without a word', () => {
  const derivation = (...more: string[]): unknown => pullConfiguration([...PUSHED, ...more], OFFERED, true)
  expect(derivation('key-derivation tls-ekm')).toMatchObject({ keyDerivation: 'tls-exporter', exitNotify: false })
  expect(derivation()).toMatchObject({ keyDerivation: 'prf', keyFormat: 'classic', dynamicTlsCrypt: false })
})

it('gives up on a flag that it does not know only when it is strict', () => {
  expect(pullConfiguration([...PUSHED, 'protocol-flags cc-exit new'], OFFERED, true)).toBe('unknown-protocol-flag')
  expect(pullConfiguration([...PUSHED, 'protocol-flags cc-exit new'], OFFERED, false)).toMatchObject({
    exitNotify: true,
  })
})

it('needs a cipher, pushed or its own', () => {
  expect(pullConfiguration(['peer-id 1'], OFFERED, false)).toBe('no-usable-cipher')
  expect(pullConfiguration(['cipher BF-CBC'], OFFERED, false)).toBe('no-usable-cipher')
  expect(pullConfiguration(['peer-id 1'], 'V4,cipher AES-256-GCM,tls-client', false)).toMatchObject({
    cipher: 'AES-256-GCM',
  })
})

it('frames its packets when the server says comp-lzo', () => {
  expect(pullConfiguration([...PUSHED, 'comp-lzo no'], OFFERED, false)).toMatchObject({ framing: 'lzo-byte' })
  expect(pullConfiguration([...PUSHED, 'compress stub-v2'], OFFERED, false)).toMatchObject({ framing: 'none' })
})

it('replaces a kind of option once in an update, however many messages that takes', () => {
  const options = new UpdatedOptions(['route 1', 'route 2', 'ping 10', 'dns server 0 address 10.0.0.1'])
  expect(options.apply(['route a', 'route b', 'push-continuation 2'])).toBeUndefined()
  expect(options.apply(['route c', '-dns', 'push-continuation 1'])).toEqual([
    'ping 10',
    'route a',
    'route b',
    'route c',
  ])
  expect(options.apply([' route d'])).toEqual(['ping 10', 'route d'])
})

it('cannot change everything while it is connected', () => {
  expect(new UpdatedOptions([]).apply(['dev tun'])).toBe('refused')
  expect(new UpdatedOptions(['a']).apply(['?dev tun', '-?peer-id'])).toEqual(['a'])
  expect(new UpdatedOptions([]).apply(['?-dns'])).toBe('refused')
})
