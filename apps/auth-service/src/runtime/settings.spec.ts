import { ConfigError } from '@sallyport/config'
import { expect, it } from 'vitest'

import { readSettings } from './settings.ts'

const GOOD = {
  AUTH_PUBLIC_URL: 'http://127.0.0.1:8080',
  DATABASE_URL: 'postgresql://owner:hunter2@127.0.0.1/sallyport',
  REDIS_URL: 'redis://127.0.0.1:6379',
  MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
  OPERATOR_TOKEN: 'x'.repeat(32),
  VPN_REMOTES: 'vpn.example.com:1194/udp, [2001:db8::1]:443/tcp',
}

it.each(['0.0.0.0:8080', ':8080', '192.0.2.1:8080', '[::]:8080'])(
  'does not listen on %s without https',
  (AUTH_LISTEN) => {
    expect(() => readSettings({ ...GOOD, AUTH_LISTEN })).toThrow(/passwords would travel in the clear/)
    expect(() => readSettings({ ...GOOD, AUTH_LISTEN, AUTH_PUBLIC_URL: 'https://vpn.example.com' })).not.toThrow()
  },
)

it('refuses keys, tokens and remotes that cannot work, without printing secrets', () => {
  const bad = { ...GOOD, MASTER_KEY: 'hunter2', OPERATOR_TOKEN: 'hunter2', VPN_REMOTES: 'somewhere' }
  expect(() => readSettings(bad)).toThrow(ConfigError)
  expect(() => readSettings({ ...GOOD, MASTER_KEY: 'hunter2' })).toThrow(/MASTER_KEY: .*base64 of 32 bytes/)
  expect(() => readSettings(bad)).not.toThrow(/hunter2/)
})

it('has safe defaults', () => {
  expect(readSettings(GOOD)).toMatchObject({
    AUTH_LISTEN: { host: '127.0.0.1', port: 8080 },
    AUTH_NODE_API_LISTEN: { host: '127.0.0.1', port: 8443 },
    AUTH_NODE_API_HOSTS: ['localhost', '127.0.0.1'],
    VPN_REMOTES: [{ host: 'vpn.example.com' }, { host: '2001:db8::1' }],
    LOG_LEVEL: 'info',
  })
})
