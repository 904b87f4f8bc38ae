import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { type Operation, readApiDocument } from './api-document.ts'
import { AuthServiceHarness } from './auth-service-harness.ts'
import { type Caller, type CallerName, CALLERS, callersOf } from './callers.ts'
import { bodyOf, type Choice, idFieldsOf, pathOf, queryOf } from './foreign-ids.ts'
import { type FullTenant, fullTenant, type Ids, idsOfNothing, rowsOf } from './one-of-everything.ts'
import { callRaw, type RawAnswer } from './raw-api.ts'

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

const { text: published, operations } = readApiDocument()
const byName = operations.map((operation): [name: string, operation: Operation] => [operation.name, operation])

/**
 * For everybody, by the name of a tenant: the list of revoked certificates, whose address tells who has one, and how the
 * tenant looks, where one that does not exist looks like one that chose nothing.
 */
const ABOUT_NO_ROW = ['get /crl/{tenantSlug}/{file}', 'get /api/v1/branding/{slug}', 'get /api/v1/branding/{slug}/logo']
/** Operators manage all tenants and services: for them no tenant is another's. */
const OF_PLATFORM = '/api/v1/platform/'

let harness: AuthServiceHarness
let owner: pg.Client
let ours: FullTenant
let theirs: FullTenant
let callers: Readonly<Record<CallerName, Caller>>

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  const service = await harness.enrol('vpn-node', 'node-1')
  ours = await fullTenant(harness, 'ours', service.serviceId)
  theirs = await fullTenant(harness, 'theirs', service.serviceId)
  callers = await callersOf(harness, ours.tenant)
  owner = new pg.Client({ connectionString: harness.postgres.url })
  await owner.connect()
}, 120_000)

afterAll(async () => {
  await owner.end()
  await harness[Symbol.asyncDispose]()
})

it('describes the service that runs', async () => {
  const answer = await callRaw(harness.publicUrl, 'GET', '/api/openapi.json', {})
  expect(JSON.parse(answer.text)).toEqual(JSON.parse(published))
  expect(await callRaw(harness.publicUrl, 'GET', '/api/docs', {})).toMatchObject({
    status: 200,
    type: matching(/html/),
  })
})

it('has a tenant that could be harmed in every table', async () => {
  for (const [table, rows] of Object.entries(await rowsOf(owner, theirs.tenant.tenantId)))
    expect(rows.length, table).toBeGreaterThan(0)
})

it.each(byName)('%s has a place for every id that it takes', (_, operation) => {
  if (ABOUT_NO_ROW.includes(operation.name)) return
  for (const { name, kind } of idFieldsOf(operation))
    expect(kind, `${name} has no fixture in foreign-ids.ts`).toBeDefined()
})

it.each(byName)('%s refuses who may not, before it looks at ids', async (_, operation) => {
  if (operation.permission === 'public') return
  for (const name of CALLERS) {
    const caller = callers[name]
    if (caller.may(operation)) continue
    const [foreign, nothing] = await bothAnswers(operation, caller, idFieldsOf(operation)[0])
    const expected = name === 'nobody' ? 401 : 403
    expect([foreign.status, nothing.status], name).toEqual([expected, expected])
    expect(foreign.text, name).toBe(nothing.text)
  }
})

it.each(byName)('%s tells and does nothing with ids of another tenant', async (name, operation) => {
  if (ABOUT_NO_ROW.includes(name)) return
  const fields = idFieldsOf(operation)
  if (fields.length === 0 && operation.method !== 'GET') return
  const before = await rowsOf(owner, theirs.tenant.tenantId)
  for (const callerName of CALLERS) {
    const caller = callers[callerName]
    if (!caller.may(operation)) continue
    if (operation.path.startsWith(OF_PLATFORM) && callerName === 'operator') continue
    for (const field of fields) {
      const [foreign, nothing] = await bothAnswers(operation, caller, field)
      const what = `${callerName}, ${field.name}`
      expect(foreign, what).toEqual(nothing)
      // What is in the path is all that the call is about.
      if (field.in === 'path') expect([404, 410], `${what}: ${foreign.text}`).toContain(foreign.status)
      expectNothingOfTheirs(foreign, what)
    }
    if (operation.method === 'GET')
      expectNothingOfTheirs(await call(operation, caller, ours.ids, undefined), callerName)
  }
  expect(await rowsOf(owner, theirs.tenant.tenantId)).toEqual(before)
})

it.each(byName.filter(([, { method, path }]) => method === 'GET' && path.includes('{id}')))(
  '%s finds what is there',
  async (_, operation) => {
    if (operation.path.startsWith(OF_PLATFORM)) return
    const answer = await call(operation, callers.administrator, ours.ids, undefined)
    expect([answer.status, answer.text.slice(0, 200)]).toEqual([200, expect.any(String)])
  },
)

async function bothAnswers(
  operation: Operation,
  caller: Caller,
  field: Choice | undefined,
): Promise<[foreign: RawAnswer, nothing: RawAnswer]> {
  const unknown = idsOfNothing()
  const foreign = await call(operation, caller, theirs.ids, field)
  const nothing = await call(operation, caller, unknown, field)
  return [withoutIds(foreign, theirs.ids), withoutIds(nothing, unknown)]
}

/** An answer may repeat the id that it was asked about. */
function withoutIds(answer: RawAnswer, ids: Ids): RawAnswer {
  const told = answer.text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z|\b\d{13}\b/g, 'TIME')
  return { ...answer, text: Object.values(ids).reduce((text, id) => text.replaceAll(id, 'ID'), told) }
}

function expectNothingOfTheirs({ status, text }: RawAnswer, what: string): void {
  expect(status, `${what}: ${text}`).toBeLessThan(500)
  for (const id of [...Object.values(theirs.ids), '-of-theirs']) expect(text, what).not.toContain(id)
}

/** Calls with these ids in one place, and with our own in the others. */
async function call(operation: Operation, caller: Caller, ids: Ids, field: Choice | undefined): Promise<RawAnswer> {
  const places = { ours: ours.ids, chosen: ids, field }
  const path = pathOf(operation, places) + queryOf(operation, places)
  return callRaw(harness.publicUrl, operation.method, path, caller.shown, bodyOf(operation, places))
}
