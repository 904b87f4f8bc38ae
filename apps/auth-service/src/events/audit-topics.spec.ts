import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect, it } from 'vitest'

import { PERMISSION_NAMES } from '../http/permissions.ts'
import { changedBy, KNOWN_ACTIONS } from './audit-topics.ts'

/** Texts in the source that look like an action and are none. */
const NO_ACTIONS = new Set<string>([...PERMISSION_NAMES, 'example.com'])
/** Actions whose end is written as a variable. */
const WITH_VARIABLE: Readonly<Record<string, readonly string[]>> = {
  'authority.${verb}': ['prepare', 'activate', 'retire'],
  'connection.capture-${request.side}': ['inner', 'outer'],
}

const NOUNS = [...new Set(KNOWN_ACTIONS.map((action) => action.split('.')[0]))]
const LITERAL = /'([a-z][a-z-]*\.[a-z][a-z-]*)'/g
const TEMPLATE = new RegExp(`\`((?:${NOUNS.join('|')})\\.[^\`]*\\$\\{[^\`]*)\``, 'g')

const source = fileURLToPath(new URL('..', import.meta.url))
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && !name.endsWith('.spec.ts') && !name.endsWith('audit-topics.ts'),
)
const texts = files.map((name) => readFileSync(`${source}/${name}`, 'utf8'))

/** Every action that the source writes out. */
function actionsInSource(): string[] {
  const found = (pattern: RegExp): string[] =>
    texts.flatMap((text) => [...text.matchAll(pattern)].map(([, name = '']) => name))
  const literals = found(LITERAL).filter((name) => !NO_ACTIONS.has(name) && !/\.(?:ts|json|html|com)$/.test(name))
  const built = found(TEMPLATE).flatMap((template) => {
    const ends = WITH_VARIABLE[template]
    expect(ends, `${template} has no line in this test`).toBeDefined()
    return (ends ?? []).map((end) => template.replace(/\$\{.*\}/, end))
  })
  return [...new Set([...literals, ...built])].toSorted()
}

it('knows every action that the service writes to the audit log, and no other', () => {
  expect(actionsInSource()).toEqual(KNOWN_ACTIONS.toSorted())
})

it('takes everything for changed by an action that it does not know', () => {
  const { topics, own, ofEverybody } = changedBy('thing.invent')
  expect(topics).toEqual(expect.arrayContaining(['audit', 'users', 'nodes']))
  expect([own, ofEverybody]).toEqual([['own-account', 'own-devices', 'own-connections'], true])
  expect(changedBy('constructor').ofEverybody).toBe(true)
})

it('keeps apart what is somebody’s own, and what is everybody’s', () => {
  expect(changedBy('device.revoke')).toEqual({
    topics: ['audit', 'devices', 'authorities', 'overview'],
    own: ['own-devices'],
    ofEverybody: false,
  })
  expect(changedBy('policy.set')).toMatchObject({ own: ['own-account', 'own-connections'], ofEverybody: true })
})
