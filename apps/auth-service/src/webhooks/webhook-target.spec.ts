import { parseAddress, parseCidr } from '@sallyport/ip-network'
import { expect, it } from 'vitest'

import { WebhookTarget } from './webhook-target.ts'

const cidrs = (...texts: string[]) => texts.flatMap((text) => parseCidr(text) ?? [])
const strict = new WebhookTarget({ AUTH_PUBLIC_URL: 'https://vpn.example.com', WEBHOOK_PRIVATE_NETWORKS: [] })
const trying = new WebhookTarget({ AUTH_PUBLIC_URL: 'http://127.0.0.1:8080', WEBHOOK_PRIVATE_NETWORKS: [] })
const open = new WebhookTarget({
  AUTH_PUBLIC_URL: 'https://vpn.example.com',
  WEBHOOK_PRIVATE_NETWORKS: cidrs('10.20.0.0/16', 'fd00:20::/32'),
})

function allows(target: WebhookTarget, text: string): boolean {
  const address = parseAddress(text)
  if (address === undefined) throw new Error(`${text} is no address`)
  return target.allows(address)
}

it.each([
  ...[
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
  ],
  ...[
    '192.0.0.8',
    '192.0.2.1',
    '192.168.0.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '255.255.255.255',
  ],
  ...['::', '::1', 'fe80::1', 'fc00::1', 'fd12::1', 'ff02::1', '2001:db8::1', '2002:7f00:1::', '2001:0:1::1', '100::1'],
  ...['::ffff:127.0.0.1', '::ffff:10.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1', '::127.0.0.1', 'fec0::1', '3fff::1'],
])('does not connect to %s', (address) => {
  expect(allows(strict, address)).toBe(false)
})

it.each([
  ...['1.1.1.1', '100.63.255.255', '100.128.0.1', '172.15.0.1', '172.32.0.1', '192.0.1.1', '223.255.255.255'],
  ...['2606:4700::1111', '2a00::1', '::ffff:8.8.8.8', '64:ff9b::808:808'],
])('connects to %s', (address) => {
  expect(allows(strict, address)).toBe(true)
})

it('connects to the private networks that the operator named, and to no others', () => {
  expect(allows(open, '10.20.3.4')).toBe(true)
  expect(allows(open, '::ffff:10.20.3.4')).toBe(true)
  expect(allows(open, 'fd00:20::1')).toBe(true)
  expect(allows(open, '10.21.0.1')).toBe(false)
  expect(allows(open, '127.0.0.1')).toBe(false)
  expect(allows(trying, '127.0.0.1')).toBe(true)
  expect(allows(trying, '10.20.3.4')).toBe(false)
})

it.each([
  ['http://example.com/', /https/],
  ['http://127.0.0.1/', /https/],
  ['ftp://example.com/', /https/],
  ['file:///etc/passwd', /https/],
  ['https://user@example.com/', /user name/],
  ['https://user:secret@example.com/', /user name/],
  ['https://example.com/#part', /fragment/],
  ['https://127.0.0.1/', /private/],
  ['https://2130706433/', /private/],
  ['https://0x7f.1/', /private/],
  ['https://[::1]/', /private/],
  ['https://[::ffff:10.0.0.1]/', /private/],
  ['https://169.254.169.254/latest/meta-data', /private/],
  [`https://example.com/${'x'.repeat(2000)}`, /2000/],
  ['example.com', /URL/],
  ['', /URL/],
])('does not take %s', (url, problem) => {
  expect(strict.problemOf(url)).toMatch(problem)
})

it('takes https, and http to the own machine only where the portal has no TLS either', () => {
  expect(strict.problemOf('https://hooks.example.com/a?b=c')).toBeUndefined()
  expect(strict.problemOf('https://8.8.8.8:8443/')).toBeUndefined()
  expect(open.problemOf('https://10.20.1.1/')).toBeUndefined()
  expect(trying.problemOf('http://127.0.0.1:9999/')).toBeUndefined()
  expect(trying.problemOf('http://localhost:9999/')).toBeUndefined()
  expect(trying.problemOf('http://[::1]:9999/')).toBeUndefined()
  expect(trying.problemOf('http://example.com/')).toMatch(/https/)
  expect(trying.problemOf('http://10.0.0.1/')).toMatch(/https/)
})
