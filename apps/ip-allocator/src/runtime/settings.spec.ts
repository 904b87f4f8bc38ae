import { expect, it } from 'vitest'

import { readSettings } from './settings.ts'

const NEEDED = { REDIS_URL: 'redis://127.0.0.1:6379', IDENTITY_DIRECTORY: '/var/lib/x', SERVICE_NAME: 'allocator-1' }

it('names every problem at once', () => {
  const bad = {
    AUTH_NODE_API_URL: 'http://plain',
    SERVICE_NAME: 'No Name',
    LEASE_SECONDS: '1.5',
    ALLOCATOR_LISTEN: 'x',
  }
  const problems = /ALLOCATOR_LISTEN[^]*AUTH_NODE_API_URL[^]*SERVICE_NAME[^]*LEASE_SECONDS[^]*/
  expect(() => readSettings(bad)).toThrow(problems)
  expect(() => readSettings(bad)).toThrow(/REDIS_URL is not set: [^]*IDENTITY_DIRECTORY is not set: /)
})

it('needs three settings and has the others', () => {
  expect(readSettings(NEEDED)).toMatchObject({
    ALLOCATOR_LISTEN: { host: '127.0.0.1', port: 8444 },
    ALLOCATOR_HOSTS: ['localhost', '127.0.0.1'],
    AUTH_NODE_API_URL: 'https://127.0.0.1:8443',
    LEASE_SECONDS: 120,
    LOG_LEVEL: 'info',
  })
  expect(readSettings(NEEDED)).not.toHaveProperty('METRICS_LISTEN')
})

it('reads hosts as a list', () => {
  expect(readSettings({ ...NEEDED, ALLOCATOR_HOSTS: 'a.example, 10.0.0.1,' }).ALLOCATOR_HOSTS).toEqual([
    'a.example',
    '10.0.0.1',
  ])
})

it('does not print secrets', () => {
  const settings = readSettings({ ...NEEDED, REDIS_URL: 'redis://:hunter2@127.0.0.1', JOIN_TOKEN: 'sp1.hunter3' })
  expect(JSON.stringify(settings)).not.toMatch(/hunter/)
})
