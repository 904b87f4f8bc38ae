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

it('takes no public URL below which the portal cannot be', () => {
  for (const AUTH_PUBLIC_URL of ['https://vpn.example.com/portal', 'https://vpn.example.com/?x', 'http://127.0.0.1/#x'])
    expect(() => readSettings({ ...GOOD, AUTH_PUBLIC_URL })).toThrow(/AUTH_PUBLIC_URL: .*must have no path/)
  expect(() => readSettings({ ...GOOD, AUTH_PUBLIC_URL: 'https://vpn.example.com/' })).not.toThrow()
})

it('refuses keys, tokens and remotes that cannot work, without printing secrets', () => {
  const bad = { ...GOOD, MASTER_KEY: 'hunter2', OPERATOR_TOKEN: 'hunter2', VPN_REMOTES: 'somewhere' }
  expect(() => readSettings(bad)).toThrow(ConfigError)
  expect(() => readSettings({ ...GOOD, MASTER_KEY: 'hunter2' })).toThrow(/MASTER_KEY: .*base64 of 32 bytes/)
  expect(() => readSettings(bad)).not.toThrow(/hunter2/)
})

it('sends mail with both settings or none, and prints no password of the mail server', () => {
  const mail = { SMTP_URL: 'smtp://user:hunter2@mail.example.com', MAIL_FROM: 'Sallyport <vpn@example.com>' }
  expect(readSettings({ ...GOOD, ...mail })).toMatchObject({ MAIL_FROM: mail.MAIL_FROM })
  for (const [name, value] of Object.entries(mail)) {
    expect(() => readSettings({ ...GOOD, [name]: value })).toThrow(/give both/)
  }
  for (const SMTP_URL of ['hunter2', 'http://user:hunter2@x', 'smtp://user:hunter2@x/path', 'smtp://u:hunter2@x?a=b']) {
    const read = () => readSettings({ ...GOOD, ...mail, SMTP_URL })
    expect(read).toThrow(/SMTP_URL: /)
    expect(read).not.toThrow(/hunter2/)
  }
  for (const MAIL_FROM of ['Sallyport', 'a@b\r\nBcc: c@d', 'x <a@b> y']) {
    expect(() => readSettings({ ...GOOD, ...mail, MAIL_FROM })).toThrow(/MAIL_FROM: /)
  }
})

it('lets webhooks into the private networks that are named, and into none without', () => {
  const read = (WEBHOOK_PRIVATE_NETWORKS: string) => readSettings({ ...GOOD, WEBHOOK_PRIVATE_NETWORKS })
  expect(readSettings(GOOD).WEBHOOK_PRIVATE_NETWORKS).toEqual([])
  expect(read('10.20.0.0/16, fd00:20::/48').WEBHOOK_PRIVATE_NETWORKS).toHaveLength(2)
  for (const bad of ['10.20.0.0', '10.20.0.1/16', 'private', '10.20.0.0/16,x']) {
    expect(() => read(bad), bad).toThrow(/WEBHOOK_PRIVATE_NETWORKS: .*is not a list like/)
  }
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
