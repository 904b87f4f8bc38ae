import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { countryFile } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { AuthServiceHarness, runAuthService } from './auth-service-harness.ts'
import { PolicyDesk } from './policy-desk.ts'
import { People } from './policy-people.ts'

/** Addresses of people in these tests are 198.51.100.1 and on. */
const COUNTRIES = { '198.51.100.0/24': 'DE', '192.0.2.0/24': 'DE', '203.0.113.0/25': 'FR', '2001:db8::/32': 'DE' }
const SAME_COUNTRY = '192.0.2.77'
const SAME_COUNTRY_IPV6 = '2001:db8::77'
const ABROAD = '203.0.113.77'
const NOWHERE = '203.0.113.200'
const RULES = { askAgain: { every: 'hours', hours: 8 }, askOnCountryChange: true }

let directory: string
let harness: AuthServiceHarness
let desk: PolicyDesk
let people: People

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-geoip-'))
  const file = join(directory, 'countries.mmdb')
  await writeFile(file, countryFile(COUNTRIES))
  harness = await AuthServiceHarness.start({ GEOIP_FILE: file })
  const tenant = await harness.tenant('acme')
  desk = new PolicyDesk(tenant)
  people = new People(harness, await harness.node('node-1'), tenant)
})

afterAll(async () => {
  await harness[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

it('asks in another country and in none, not at another address of the same', async () => {
  const person = await people.withTotp()
  await desk.group(RULES, person.userId)
  const { sessionToken } = await person.connect(person.code())
  for (const address of [SAME_COUNTRY, SAME_COUNTRY_IPV6]) {
    expect(await person.at(address).password(), address).toBe('allow')
    expect(await person.at(address).token(sessionToken), address).toBe('allow')
  }
  for (const address of [ABROAD, NOWHERE, '2001:db9::1']) {
    expect(await person.at(address).token(sessionToken), address).toBe('token-expired')
    expect(await person.at(address).password(), address).toBe('challenge')
  }
  const abroad = person.at(ABROAD)
  expect(await abroad.password(abroad.code())).toBe('allow')
  expect(await abroad.password()).toBe('allow')
  expect(await person.password()).toBe('challenge')
})

it('asks each time where the country of the proof is not known either', async () => {
  const person = (await people.withTotp()).at(NOWHERE)
  await desk.group(RULES, person.userId)
  await person.connect(person.code())
  expect(await person.password()).toBe('challenge')
})

it('predicts it by the file, unless told a country', async () => {
  const person = await people.withTotp()
  await desk.group(RULES, person.userId)
  await person.connect(person.code())
  const { deviceId } = person.device
  const predict = (attempt: object): Promise<unknown> => desk.dryRun(person.userId, { deviceId, ...attempt })
  expect(await predict({ address: SAME_COUNTRY })).toMatchObject({ decision: 'allow' })
  const asked = { decision: 'challenge', reason: 'country-changed' }
  expect(await predict({ address: ABROAD })).toMatchObject(asked)
  expect(await predict({ address: NOWHERE })).toMatchObject(asked)
  expect(await predict({ address: SAME_COUNTRY, country: null })).toMatchObject(asked)
  expect(await predict({ address: ABROAD, country: 'DE' })).toMatchObject({ decision: 'allow' })
})

it('notes the country of each attempt', async () => {
  const person = await people.withTotp()
  await person.at(ABROAD).password()
  const page = await desk.tenant.client.api.call('GET', `/audit?userId=${person.userId}&action=connection.&limit=1`)
  expect(page).toMatchObject({ items: [{ details: { country: 'FR', source: ABROAD } }] })
})

it.each([
  ['is not there', undefined, 'ENOENT'],
  ['is no database', 'rubbish', 'MaxMind'],
])('does not start with a file that %s, and says what to do', async (_what, content, cause) => {
  const file = join(directory, 'broken.mmdb')
  if (content !== undefined) await writeFile(file, content)
  const child = runAuthService({ ...harness.environment, GEOIP_FILE: file })
  try {
    await child.waitForLine(/GEOIP_FILE: .*leave GEOIP_FILE out/, 20_000)
    expect(child.tail()).toContain(cause)
    expect(child.tail()).not.toContain('"msg":"ready"')
  } finally {
    await child.stop()
  }
})
