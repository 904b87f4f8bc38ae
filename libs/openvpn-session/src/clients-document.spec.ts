import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect, it } from 'vitest'

import { CLIENT_FAMILIES, type ClientFamily } from './client-family.ts'

const CHECKOUT = new URL('../../../', import.meta.url)
const DOCUMENT = new URL('docs/clients.md', CHECKOUT)
const NOT_SUPPORTED = '–'

/** What the table of families says about a row of the document. */
const CAN: Readonly<Record<string, (family: ClientFamily) => boolean>> = {
  'dynamic challenge (CRV1)': ({ dynamicChallenge }) => dynamicChallenge !== 'never',
  'text challenge (CR_TEXT)': ({ pendingAuthentication }) => pendingAuthentication !== 'never',
  'sign-in in the browser (WEB_AUTH)': ({ pendingAuthentication }) => pendingAuthentication !== 'never',
  'options in several messages': ({ pushContinuation }) => pushContinuation,
  'change of the network while connected (PUSH_UPDATE)': ({ updatableKinds }) => updatableKinds.length > 0,
  'EXIT from the server': ({ exit }) => exit,
}

interface Row {
  readonly feature: string
  readonly shownBy: string
  readonly cells: readonly string[]
}

/** The rows of the table of features, the head first. */
function readTable(): readonly Row[] {
  const text = readFileSync(fileURLToPath(DOCUMENT), 'utf8')
  const lines = text.slice(text.indexOf('\n| feature |') + 1).split('\n')
  const rows = lines.slice(0, lines.indexOf('')).filter((line) => !line.startsWith('| ---'))
  return rows.map((line) => {
    const [feature = '', shownBy = '', ...cells] = line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim())
    return { feature, shownBy, cells }
  })
}

const [head, ...rows] = readTable()
const families: readonly ClientFamily[] = CLIENT_FAMILIES.filter(({ name }) => name !== 'unknown')

it('has a column for every family of clients', () => {
  const columns = families.map(({ name }) => name.replace('openvpn-', '').replace('openvpn3-', 'core '))
  expect(head?.cells).toEqual(columns)
})

it('says of every cell whether it was run, was read, or is not supported', () => {
  expect(rows.length).toBeGreaterThan(20)
  for (const { feature, cells } of rows) {
    expect(cells.length, feature).toBe(families.length)
    for (const cell of cells) expect(['run', 'read', NOT_SUPPORTED], feature).toContain(cell)
  }
})

it('names a test that exists for every row with something that was run', () => {
  for (const { feature, shownBy, cells } of rows) {
    if (!cells.includes('run')) continue
    const [, file] = /^`([\w-]+)`$/.exec(shownBy) ?? []
    expect(file, feature).toBeDefined()
    expect(existsSync(new URL(`test/src/interop/${file ?? ''}.spec.ts`, CHECKOUT)), feature).toBe(true)
  }
})

it.each(Object.entries(CAN))('agrees with what is known of the families: %s', (feature, can) => {
  const row = rows.find((candidate) => candidate.feature === feature)
  expect(row?.cells.map((cell) => cell !== NOT_SUPPORTED)).toEqual(families.map(can))
})
