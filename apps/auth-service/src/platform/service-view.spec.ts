import type { Service } from '@sallyport/database'
import { expect, it } from 'vitest'

import { serviceViewOf } from './service-view.ts'

const NOW = Date.parse('2026-03-01T09:30:00.000Z')
const ago = (seconds: number): Date => new Date(NOW - seconds * 1000)

const NODE: Service = {
  id: '66666666-0000-4000-8000-000000000000',
  role: 'vpn-node',
  name: 'node-1',
  slot: 0,
  certificateSerial: '01',
  previousCertificateSerial: null,
  certificateNotAfter: new Date('2026-04-01T00:00:00.000Z'),
  drainingAt: null,
  revokedAt: null,
  lastSeenAt: ago(10),
  version: '0.1.0',
  startedAt: ago(3600),
  reportedConnections: 12,
  capacity: 65_536,
  cpuShare: 0.25,
  createdAt: ago(86_400),
}

it('shows what a node that is heard told about itself', () => {
  expect(serviceViewOf(NODE, NOW)).toMatchObject({
    health: 'healthy',
    version: '0.1.0',
    startedAt: ago(3600).toISOString(),
    connections: 12,
    capacity: 65_536,
    cpuShare: 0.25,
  })
  expect(serviceViewOf({ ...NODE, drainingAt: ago(5) }, NOW)).toMatchObject({ health: 'draining', connections: 12 })
})

it('does not say how busy a silent node is, because nobody knows', () => {
  const unknown = { connections: null, cpuShare: null, version: '0.1.0' }
  expect(serviceViewOf({ ...NODE, lastSeenAt: ago(61) }, NOW)).toMatchObject({ health: 'silent', ...unknown })
  expect(serviceViewOf({ ...NODE, revokedAt: ago(1) }, NOW)).toMatchObject({ health: 'revoked', ...unknown })
})

it.each([
  [{ lastSeenAt: ago(60) }, 'healthy'],
  [{ lastSeenAt: null, version: null }, 'never-seen'],
  [{ lastSeenAt: ago(61), drainingAt: ago(100) }, 'silent'],
  [{ lastSeenAt: null, revokedAt: ago(1) }, 'revoked'],
  [{ role: 'ip-allocator', slot: null, lastSeenAt: null }, null],
  [{ role: 'ip-allocator', slot: null, lastSeenAt: null, revokedAt: ago(1) }, 'revoked'],
] as const)('says of %o that it is %s', (changes, health) => {
  expect(serviceViewOf({ ...NODE, ...changes }, NOW).health).toBe(health)
})
