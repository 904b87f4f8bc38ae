import { readFileSync } from 'node:fs'

import { expect, it } from 'vitest'

import monitoring from '../../messages/en/monitoring.json' with { type: 'json' }

const ROOT = new URL('../../../../../', import.meta.url)

/** The service's own lists, as they stand in its source: its actions, and the codes by which it refuses connections. */
function quotedIn(path: string, begin: string, end: string): string[] {
  const source = readFileSync(new URL(path, ROOT), 'utf8')
  const from = source.indexOf(begin)
  const part = source.slice(from, source.indexOf(end, from))
  return [...part.matchAll(/^ {2}'([a-z.-]+)'/gm)].flatMap(([, text]) => text ?? [])
}

it('has a sentence for every action that the service writes down', () => {
  const actions = quotedIn('apps/auth-service/src/events/audit-topics.ts', 'const TOPICS_OF', '\n}')
  expect(actions).toContain('device.revoke')
  const known = Object.entries(monitoring.audit.actions).flatMap(([noun, verbs]) =>
    Object.keys(verbs).map((verb) => `${noun}.${verb}`),
  )
  expect(actions.filter((action) => !known.includes(action))).toEqual([])
  const kinds = Object.keys(monitoring.audit.kinds)
  expect(known.filter((action) => !kinds.includes(action.split('.')[0] ?? ''))).toEqual([])
})

it('has words for every reason for which a connection is refused', () => {
  const codes = quotedIn('libs/contracts/src/node-api.ts', 'export const DENY_CODES', ']')
  expect(codes).toContain('wrong-password')
  expect(codes.filter((code) => !Object.hasOwn(monitoring.outcomes, code))).toEqual([])
})

it('has words for every end that the service orders', () => {
  const source = readFileSync(new URL('apps/auth-service/src/node-api/ending.ts', ROOT), 'utf8')
  const codes = [...source.matchAll(/code: '([a-z-]+)'/g)].flatMap(([, code]) => code ?? [])
  expect(codes).toContain('user-disabled')
  const known = { ...monitoring.outcomes, ...monitoring.endReasons }
  expect(codes.filter((code) => !Object.hasOwn(known, code))).toEqual([])
})
