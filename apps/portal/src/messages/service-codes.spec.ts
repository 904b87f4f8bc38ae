import { readdirSync, readFileSync } from 'node:fs'

import { expect, it } from 'vitest'

import employee from './en/employee.json' with { type: 'json' }
import monitoring from './en/monitoring.json' with { type: 'json' }
import people from './en/people.json' with { type: 'json' }
import policy from './en/policy.json' with { type: 'json' }
import problems from './en/problems.json' with { type: 'json' }

// What the service answers by code is said from the catalogues: else it is English for everybody.

const ROOT = new URL('../../../../', import.meta.url)
const SERVICE = new URL('apps/auth-service/src/', ROOT)
const SOURCES = new Map(sourcesIn(SERVICE).map((path) => [path, textOf(new URL(path, SERVICE))]))

/** Answers to other services, to programs with an API token, and to what listens for events and shows nothing. */
const NOT_FOR_PAGES = /^(node-api\/|api-tokens\/api-token-check\.ts|events\/event-streams\.ts)/
/** They are about who is no browser, and about calls that the portal's types rule out. */
const NEVER_SHOWN = ['session-required', 'not-for-previews', 'wrong-method', 'wrong-content-type']

const SIGN_IN = keysIn('apps/auth-service/src/sign-in/sign-in-outcomes.ts', 'SIGN_IN_MESSAGES')
const DENIALS = keysIn('apps/auth-service/src/node-api/denials.ts', 'DENY_MESSAGES')
/** What a node says of somebody who was allowed in and whom it cannot give a tunnel. */
const NOT_EQUIPPED = keysIn('libs/contracts/src/node-api.ts', 'NOT_EQUIPPED_MESSAGES')
const POLICY_DENIALS = listIn('libs/mfa-policy/src/decision.ts', 'DENY_REASONS')
const POLICY_QUESTIONS = listIn('libs/mfa-policy/src/decision.ts', 'ASK_REASONS')

/** Codes of the files that answer with one of several. */
const SEVERAL: ReadonlyMap<string, readonly string[]> = new Map([
  ['account/own-secrets.ts', SIGN_IN],
  ['connections/extension.service.ts', POLICY_DENIALS],
  ['devices/device-refusals.ts', listIn('libs/mfa-policy/src/decide-device.ts', 'DEVICE_DENY_REASONS')],
  ['http/access.guard.ts', quotedIn('apps/auth-service/src/http/access.guard.ts', /: \['([a-z-]+)', '/g)],
  ['links/link-refusal.ts', keysIn('apps/auth-service/src/links/link-refusal.ts', 'MESSAGES')],
  ['sign-in/sign-in-outcomes.ts', SIGN_IN],
])

function sourcesIn(folder: URL): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return files.filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
}

function textOf(place: URL): string {
  return readFileSync(place, 'utf8')
}

/** Everything of a source that the first group of a pattern finds; finding nothing is a mistake of this file. */
function quotedIn(path: string, pattern: RegExp): string[] {
  const found = [...textOf(new URL(path, ROOT)).matchAll(pattern)].map(([, text = '']) => text)
  if (found.length === 0) throw new Error(`there is nothing in ${path} like ${String(pattern)}`)
  return found
}

/** The texts of `const name = ['…', …]`. */
function listIn(path: string, name: string): string[] {
  const [body = ''] = quotedIn(path, new RegExp(`\\bconst ${name} = \\[([^\\]]*)\\]`, 'g'))
  return [...body.replaceAll(/\/\*\*.*?\*\//gs, '').matchAll(/'([^']+)'/g)].map(([, text = '']) => text)
}

/** The keys of `const name = { … }`. */
function keysIn(path: string, name: string): string[] {
  const [body = ''] = quotedIn(path, new RegExp(`\\bconst ${name}\\b[^{]*= \\{\\n([\\s\\S]*?)\\n\\}`, 'g'))
  return [...body.matchAll(/^ {2}'?([a-z-]+)'?:/gm)].map(([, key = '']) => key)
}

function missing(codes: Iterable<string>, ...texts: readonly object[]): string[] {
  return [...new Set(codes)].filter((code) => !texts.some((known) => Object.hasOwn(known, code)))
}

/** Codes of the problem documents that a file answers with. */
function codesOf(path: string, text: string): readonly string[] {
  const given = [...text.matchAll(/new ApiProblem\(\s*[^,]+,\s*([^,]+),/g)].map(([, code = '']) => code.trim())
  return given.flatMap((code) => {
    const [, literal] = /^'([a-z-]+)'$/.exec(code) ?? []
    const codes = literal === undefined ? SEVERAL.get(path) : [literal]
    if (codes === undefined) throw new Error(`${path} answers with ${code}: name its codes in SEVERAL`)
    return codes
  })
}

it('has a text for every code with which the service refuses a call of the portal', () => {
  const codes = [...SOURCES].flatMap(([path, text]) => (NOT_FOR_PAGES.test(path) ? [] : codesOf(path, text)))
  const general = quotedIn('apps/auth-service/src/http/api-error.ts', /(?:\d: |code: |\?\? )'([a-z]+-[a-z-]+)'/g)
  expect(codes).toEqual(expect.arrayContaining(['bad-file', 'wrong-passkey', 'renewal-too-early', 'link-used']))
  expect(general).toEqual(expect.arrayContaining(['not-found', 'bad-request', 'internal-error']))
  expect(missing([...codes, ...general], problems).filter((code) => !NEVER_SHOWN.includes(code))).toEqual([])
})

it.each([
  ['weak-password', 'libs/identity/src/password-rules.ts', /^ {2}readonly code: (.*)$/gm],
  ['bad-file', 'apps/auth-service/src/users/import-rows.ts', /^type BadFileReason = (.*)$/gm],
])('has a text for every reason of %s', (code, path, pattern) => {
  const reasons = quotedIn(path, pattern).flatMap((union) => union.replaceAll("'", '').split(' | '))
  expect(reasons.length).toBeGreaterThan(2)
  expect(
    missing(
      reasons.map((reason) => `${code}:${reason}`),
      problems,
    ),
  ).toEqual([])
})

it('has a text for everything that can be wrong with a row of a file', () => {
  const codes = listIn('apps/auth-service/src/users/import-problem.ts', 'IMPORT_PROBLEM_CODES')
  expect(codes).toContain('unknown-group')
  expect(Object.keys(people.import.rowProblems).sort()).toEqual([...codes].sort())
})

it('says to everybody what became of an attempt to come in', () => {
  const asked = quotedIn('apps/auth-service/src/explain/explanations.ts', /^type AskedCode = (.*)$/gm)
  const codes = [
    'ok',
    ...DENIALS,
    ...SIGN_IN,
    ...NOT_EQUIPPED,
    ...asked.flatMap((union) => union.replaceAll("'", '').split(' | ')),
  ]
  expect(codes).toEqual(
    expect.arrayContaining(['wrong-password', 'declined', 'sign-in-failed', 'challenge-web', 'pool-full']),
  )
  expect(missing(codes, employee.outcomes)).toEqual([])
  expect(missing(codes, people.outcomes)).toEqual([])
  expect(missing(codes, monitoring.outcomes, { ok: monitoring.audit.ok })).toEqual([])
})

it('has words for what was looked at, and for what it came to', () => {
  const paths = [
    'connections/not-equipped.ts',
    'node-api/credential-check.ts',
    'node-api/authorisation.service.ts',
    'sign-in/sign-in-judge.ts',
  ]
  const own = paths.map((path) => SOURCES.get(path) ?? '').join('\n')
  const quoted = (pattern: RegExp): string[] => [...own.matchAll(pattern)].map(([, text = '']) => text)
  const names = quoted(/(?:check: |passed\(|failed\()'([a-z-]+)'/g)
  const details = quoted(/(?:detail: |failed\('[a-z-]+', )'([a-z-]+)'/g)
  expect(names).toContain('answer')
  expect(details).toContain('repeated')
  expect(missing([...listIn('libs/mfa-policy/src/decision.ts', 'CHECKS'), ...names], people.checks.names)).toEqual([])
  const questions = quotedIn('libs/mfa-policy/src/proof.ts', /asked\('([a-z-]+)'\)/g)
  const verdicts = ['reused', 'wrong', ...questions, ...POLICY_DENIALS, ...DENIALS, ...SIGN_IN]
  expect(missing([...details, ...verdicts], people.checks.details, monitoring.outcomes)).toEqual([])
})

it('says why the policy would refuse somebody, or ask', () => {
  expect(missing(POLICY_DENIALS, policy.outcomes.denied)).toEqual([])
  expect(missing(POLICY_QUESTIONS, policy.outcomes.asked)).toEqual([])
})

it('has words for every end of a connection that a node reports, and for what becomes of captures and webhooks', () => {
  const ends = [
    ...listIn('libs/openvpn-session/src/actions.ts', 'SESSION_END_REASONS'),
    ...listIn('apps/vpn-node/src/node-metrics.ts', 'END_REASONS'),
    ...quotedIn('apps/auth-service/src/node-api/node-reports.service.ts', /endReason: '([a-z-]+)'/g),
    ...quotedIn('apps/vpn-node/src/admittance.ts', /const reason = .*'([a-z-]+)'$/gm),
  ]
  expect(ends).toEqual(expect.arrayContaining(['keepalive-timeout', 'replaced', 'node-lost', 'not-established']))
  expect(missing(ends, monitoring.endReasons)).toEqual([])
  expect(missing([...NOT_EQUIPPED, 'not-established'], employee.endReasons)).toEqual([])
  const captures = quotedIn('libs/contracts/src/node-api.ts', /outcome: z\.enum\(\[(.*)\]\)/g)
    .join()
    .match(/[a-z-]+/g)
  const deliveries = listIn('apps/auth-service/src/webhooks/delivery-failure.ts', 'TOLD_FAILURES')
  const outcomes = [...(captures ?? []), ...deliveries].filter((outcome) => outcome !== 'finished')
  expect(outcomes).toEqual(expect.arrayContaining(['file-error', 'redirected']))
  expect(missing(outcomes, monitoring.outcomes)).toEqual([])
})

it('shows no sentence of the service about a field: forms say it by the field’s name', () => {
  const portal = new URL('../', import.meta.url)
  const pages = readdirSync(portal, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /(?<!\.spec)\.tsx?$/.test(path),
  )
  const reading = pages.filter((path) => /\.issues\b/.test(textOf(new URL(path, portal))))
  expect(reading).toEqual(['api/issue-place.ts'])
})
