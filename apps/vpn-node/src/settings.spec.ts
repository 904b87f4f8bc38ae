import { expect, it } from 'vitest'

import { dataThreadsFor } from './data-threads.ts'
import { readSettings } from './settings.ts'

const BASE = { SERVICE_NAME: 'node-1', AUTH_NODE_API_URL: 'https://127.0.0.1:8443', IDENTITY_DIRECTORY: '/identity' }
const read = (settings: Record<string, string>) => readSettings({ ...BASE, ...settings })
const listen = (value: string) => read({ NODE_LISTEN: value }).NODE_LISTEN

it('listens on UDP port 1194 of every IPv4 address when nothing is said', () => {
  expect(read({}).NODE_LISTEN).toEqual([{ transport: 'udp', address: '0.0.0.0', port: 1194 }])
})

it('takes several addresses of both transports and families; one without transport is UDP', () => {
  expect(listen('198.51.100.7:1194, tcp:[::]:443 ,udp:[2001:db8::1]:53')).toEqual([
    { transport: 'udp', address: '198.51.100.7', port: 1194 },
    { transport: 'tcp', address: '::', port: 443 },
    { transport: 'udp', address: '2001:db8::1', port: 53 },
  ])
})

it.each([
  'sctp:0.0.0.0:1194',
  'udp:',
  'tcp:0.0.0.0',
  'udp:0.0.0.0:65536',
  'udp:::1:1194',
  'nonsense',
  'udp:vpn.example.com:1194',
  'udp:1.2.3.4.5:1194',
])('says which address is none: %s', (value) => {
  expect(() => listen(`0.0.0.0:1194,${value}`)).toThrow(`NODE_LISTEN: "${value}" is not udp:HOST:PORT`)
})

it('refuses an empty list and a list that is longer than a node can need', () => {
  expect(() => listen(',')).toThrow('NODE_LISTEN: name 1 to 16 addresses')
  expect(() => listen(Array(17).fill('0.0.0.0:1').join(','))).toThrow('NODE_LISTEN: name 1 to 16 addresses')
})

it('refuses an address that is named twice', () => {
  expect(() => listen('0.0.0.0:1194,tcp:0.0.0.0:1194,udp:0.0.0.0:1194')).toThrow(
    'NODE_LISTEN: "udp:0.0.0.0:1194" is named twice',
  )
})

it.each([
  ['tcp:127.0.0.1:443', '127.0.0.1:443'],
  ['tcp:0.0.0.0:443', '127.0.0.1:443'],
  ['udp:0.0.0.0:1194,tcp:[::]:443', 'localhost:443'],
])('refuses to share a port with itself: %s, %s', (listen, share) => {
  expect(() => read({ NODE_LISTEN: listen, NODE_TCP_SHARE: share })).toThrow('NODE_TCP_SHARE: is a port of this node')
  const [host] = share.split(':')
  expect(() => read({ NODE_LISTEN: listen, NODE_TCP_SHARE: `${host ?? ''}:8443` })).not.toThrow()
})

it('says that node-api is reached by https', () => {
  expect(() => read({ AUTH_NODE_API_URL: 'http://127.0.0.1:8443' })).toThrow('AUTH_NODE_API_URL: must be an https URL')
})

it('shares a TCP port with the server that is named, and refuses to share when there is none', () => {
  const settings = read({ NODE_LISTEN: 'tcp:0.0.0.0:443', NODE_TCP_SHARE: '127.0.0.1:8443' })
  expect(settings.NODE_TCP_SHARE).toEqual({ host: '127.0.0.1', port: 8443 })
  expect(() => read({ NODE_TCP_SHARE: '127.0.0.1:8443' })).toThrow('NODE_TCP_SHARE: there is no port to share')
})

it('takes a number of data threads, or finds what suits the machine', () => {
  expect(read({ NODE_DATA_THREADS: '3' }).NODE_DATA_THREADS).toBe(3)
  expect(read({}).NODE_DATA_THREADS).toBeGreaterThanOrEqual(1)
  expect([1, 2, 3, 4, 7, 16, 64].map(dataThreadsFor)).toEqual([1, 1, 1, 2, 3, 8, 8])
})

it('leaves the choice of a cipher library to the engine unless one is named', () => {
  expect(read({}).NODE_CIPHER_LIBRARY).toBe('auto')
  expect(read({ NODE_CIPHER_LIBRARY: 'openssl' }).NODE_CIPHER_LIBRARY).toBe('openssl')
  expect(() => read({ NODE_CIPHER_LIBRARY: 'nss' })).toThrow('NODE_CIPHER_LIBRARY')
})

it.each(['0', '17', '1.5', '-1', '0x2', 'many'])('refuses %j data threads', (value) => {
  expect(() => read({ NODE_DATA_THREADS: value })).toThrow('NODE_DATA_THREADS: neither auto nor a number from 1 to 16')
})
