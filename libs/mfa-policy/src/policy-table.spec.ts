import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { decide } from './decide.ts'
import { decideDevice, DEVICE_DENY_REASONS, type DeviceDecision } from './decide-device.ts'
import { ASK_REASONS, CHECKS, type Decision, DENY_REASONS } from './decision.ts'
import { POLICY_FIELDS } from './policy.ts'
import { policyProblems } from './policy-problems.ts'
import { factsOf, POLICY_WORDS, policyOf, tableRows } from './testing/policy-table.ts'
import { durationMs, Words } from './testing/words.ts'

const DOCUMENT = join(import.meta.dirname, '../../../docs/policy.md')
const ROWS = tableRows(readFileSync(DOCUMENT, 'utf8'))

function decisionOf(policyCell: string, factsCell: string): Decision | DeviceDecision {
  const facts = factsOf(factsCell)
  const policy = policyOf(policyCell, facts.nowMs)
  expect(policyProblems(policy)).toEqual([])
  return 'kind' in facts ? decideDevice(policy, facts) : decide(policy, facts)
}

/** An instant of the table: `10h` from now, or a date. */
function instantOf(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined
  return text.includes('T') ? Date.parse(text) : nowMs + durationMs(text)
}

/** What the third and fourth column demand; what they do not say may be anything. */
function expectationOf(decisionCell: string, reason: string, nowMs: number): object {
  const words = new Words(decisionCell)
  if (decisionCell === 'deny') return { decision: 'deny', reason }
  if (words.has('challenge')) {
    const methods = words.text('by')?.split(',')
    words.end()
    return { decision: 'challenge', methods, reason }
  }
  expect(words.has('allow')).toBe(true)
  const factors = ['given', 'remembered', 'not-needed', 'in-grace', 'not-enrolled']
  const factor = factors.find((name) => words.has(name))
  const [until, again] = [instantOf(words.text('until'), nowMs), instantOf(words.text('again'), nowMs)]
  const duties = words.text('duties')?.split(',')
  words.end()
  return {
    decision: 'allow',
    ...(factor === undefined ? { certificateEndsAtMs: until } : { factor, duties: duties ?? [] }),
    ...(factor === undefined || until === undefined ? {} : { sessionEndsAtMs: until }),
    ...(again === undefined ? {} : { askAgainAtMs: again }),
  }
}

it.each(ROWS)('$policy · $facts → $decision $reason', ({ policy, facts, decision, reason }) => {
  const { nowMs } = factsOf(facts)
  expect(decisionOf(policy, facts)).toMatchObject(expectationOf(decision, reason, nowMs))
  // A reason is said exactly where there is one.
  expect(reason === '–').toBe(decision.startsWith('allow'))
})

it('covers every rule of a policy', () => {
  const said = new Set(ROWS.flatMap(({ policy }) => new Words(policy).names))
  expect(POLICY_FIELDS.filter((field) => !said.has(POLICY_WORDS[field]))).toEqual([])
})

it('covers every reason', () => {
  const said = new Set(ROWS.map(({ reason }) => reason))
  const reasons = new Set<string>([...DENY_REASONS, ...ASK_REASONS, ...DEVICE_DENY_REASONS])
  expect([...reasons].filter((reason) => !said.has(reason))).toEqual([])
  expect([...said].filter((reason) => reason !== '–' && !reasons.has(reason))).toEqual([])
})

it('lists the checks of each decision in their order, and every check in some decision', () => {
  const seen = new Set<string>()
  for (const { policy, facts } of ROWS) {
    const decision = decisionOf(policy, facts)
    if (!('checks' in decision)) continue
    const places = decision.checks.map(({ check }) => CHECKS.indexOf(check))
    expect(places).toEqual([...places].sort((one, other) => one - other))
    for (const { check } of decision.checks) seen.add(check)
  }
  expect(CHECKS.filter((check) => !seen.has(check))).toEqual([])
})

it('tells every rule, reason and default to the reader', () => {
  const prose = readFileSync(DOCUMENT, 'utf8')
  const words = [...POLICY_FIELDS, ...DENY_REASONS, ...ASK_REASONS, ...DEVICE_DENY_REASONS]
  expect(words.filter((word) => !prose.includes(`| \`${word}\``))).toEqual([])
})

it('refuses rows that it does not understand', () => {
  expect(() => policyOf('mfa=maybe', 0)).toThrow('not a mode')
  expect(() => policyOf('mfa=off colour=red', 0)).toThrow('colour')
  expect(() => policyOf('session=12', 0)).toThrow('not a duration')
  expect(() => factsOf('vpn')).toThrow('password')
  expect(() => factsOf('vpn password proves=smell')).toThrow('not a method')
  expect(() => tableRows('| policy | facts |')).toThrow('missing')
})
