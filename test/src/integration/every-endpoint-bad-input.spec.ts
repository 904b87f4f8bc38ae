import { randomUUID } from 'node:crypto'

import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'

import { type Operation, readApiDocument } from './api-document.ts'
import { AuthServiceHarness } from './auth-service-harness.ts'
import { type Caller, type CallerName, callersOf } from './callers.ts'
import { callRaw, type RawAnswer } from './raw-api.ts'

const JSON_TYPE = 'application/json'
const LIMIT_BYTES = 64 * 1024
/** A logo may be in it. */
const LONGER_BODIES: Readonly<Record<string, number>> = { 'patch /api/v1/settings': 128 * 1024 }
const MAX_DEPTH = 32

const problem = z.strictObject({
  type: z.literal('about:blank'),
  title: z.string().min(1),
  status: z.int(),
  detail: z.string().min(1),
  code: z.string().min(1),
  message: z.string().min(1),
  issues: z.array(z.strictObject({ path: z.string(), message: z.string().min(1) })).optional(),
})
type Problem = z.infer<typeof problem>

const { operations } = readApiDocument()
const named = (list: readonly Operation[]) => list.map((one): [name: string, operation: Operation] => [one.name, one])
const withJson = named(operations.filter(({ body }) => body?.type === JSON_TYPE))
const withBody = named(operations.filter(({ body }) => body !== undefined))

let harness: AuthServiceHarness
let callers: Readonly<Record<CallerName, Caller>>

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  callers = await callersOf(harness, await harness.tenant('ours'))
}, 60_000)

afterAll(() => harness[Symbol.asyncDispose]())

it.each(withJson)('%s names a field that is missing', async (_, operation) => {
  const example = exampleOf(operation)
  for (const name of operation.body?.schema.required ?? []) {
    const rest = Object.fromEntries(Object.entries(example).filter(([key]) => key !== name))
    expectNamed(await send(operation, JSON.stringify(rest)), name)
  }
})

it.each(withJson)('%s names a field of a wrong type', async (_, operation) => {
  const example = exampleOf(operation)
  for (const name of Object.keys(operation.body?.schema.properties ?? {})) {
    const wrong = typeof example[name] === 'object' ? 'neither list nor object' : { neither: 'text nor number' }
    expectNamed(await send(operation, JSON.stringify({ ...example, [name]: wrong })), name)
  }
})

it.each(withJson)('%s names a field that it does not know', async (_, operation) => {
  expectNamed(await send(operation, JSON.stringify({ ...exampleOf(operation), surprise: 1 })), 'surprise')
})

it.each(withJson)('%s names a text that cannot be stored', async (_, operation) => {
  const example = exampleOf(operation)
  for (const [name, value] of Object.entries(example)) {
    if (typeof value !== 'string') continue
    expectNamed(await send(operation, JSON.stringify({ ...example, [name]: `${value}\0` })), name)
    expectNamed(await send(operation, JSON.stringify({ ...example, [name]: `${value}\uD800` })), name)
  }
})

it.each(withJson)('%s names a field that is given twice', async (_, operation) => {
  const example = JSON.stringify(exampleOf(operation)).slice(1)
  const twice = example === '}' ? '{"x":1,"x":2}' : `{${example.slice(0, -1)},${example}`
  expectNamed(await send(operation, twice), /"([^"]*)"/.exec(twice)?.[1] ?? '')
})

it.each(withJson)('%s refuses what is no JSON text that everybody reads alike', async (_, operation) => {
  const [start, end] = ['{"a":'.repeat(MAX_DEPTH + 1), '}'.repeat(MAX_DEPTH + 1)]
  const texts = [
    '{',
    'null',
    '[]',
    '"text"',
    '{"__proto__":{}}',
    `${start}1${end}`,
    Buffer.from('{"a":"\xFF"}', 'latin1'),
  ]
  for (const text of texts) expectProblem(await send(operation, text), 400)
})

it.each(withBody)('%s refuses other types and encodings, and says which it takes', async (_, operation) => {
  const text = operation.body?.type === JSON_TYPE ? JSON.stringify(exampleOf(operation)) : 'username\n'
  for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data'])
    expectProblem(await send(operation, text, type), 415)
  const utf16 = Buffer.from(text, 'utf16le')
  expectProblem(await send(operation, utf16, `${operation.body?.type ?? ''}; charset=utf-16`), 415)
})

it.each(withJson)('%s refuses a body that is too large', async (name, operation) => {
  const limitBytes = LONGER_BODIES[name] ?? LIMIT_BYTES
  const { status } = expectProblem(await send(operation, `"${'x'.repeat(limitBytes)}"`), 413)
  expect(status).toBe(413)
})

it.each(named(operations.filter(({ parameters }) => parameters.some((one) => one.in === 'query'))))(
  '%s names a parameter that it does not know, and one given twice',
  async (_, operation) => {
    for (const [query, name] of [
      ['?surprise=1', 'surprise'],
      ...operation.parameters.flatMap((one) =>
        one.in === 'query' ? [[`?${one.name}=a&${one.name}=b`, one.name]] : [],
      ),
    ] as const)
      expectNamed(await call(operation, query), name)
  },
)

it.each([
  ['GET', '/api/v1/nothing', 404, /openapi\.json/],
  ['DELETE', '/api/v1/users', 405, /GET, POST/],
  ['GET', '/api/v1/users/%', 400, /not encoded as a URL/],
  ['GET', '/api/v1/users/x', 404, /no such/],
  ['GET', `/api/v1/users/${'x'.repeat(500)}`, 414, /too long/],
])('%s %s is answered with %i and what to do', async (method, path, status, message) => {
  const answer = await callRaw(harness.publicUrl, method, path, callers.administrator.shown)
  expect(expectProblem(answer, status).message).toMatch(message)
})

/** The document's example with every field that it has. */
function exampleOf({ body }: Operation): Readonly<Record<string, unknown>> {
  return z.record(z.string(), z.unknown()).parse(body?.example)
}

/** Sends a body as somebody who may, about something that is not there. */
function send(operation: Operation, text: string | Uint8Array, type = JSON_TYPE): Promise<RawAnswer> {
  return call(operation, '', { type, text: typeof text === 'string' ? text : new Uint8Array(text) })
}

function call(
  operation: Operation,
  query: string,
  body?: { readonly type: string; readonly text: string | Uint8Array<ArrayBuffer> },
): Promise<RawAnswer> {
  const caller = [callers.administrator, callers.operator].find(({ may }) => may(operation)) ?? callers.nobody
  const path = operation.path.replaceAll(/\{\w+\}/g, () => randomUUID())
  return callRaw(harness.publicUrl, operation.method, path + query, caller.shown, body)
}

function expectNamed(answer: RawAnswer, name: string): void {
  const { issues = [] } = expectProblem(answer, 400)
  const paths = issues.map(({ path }) => path.split('.')[0])
  expect(paths, answer.text).toContain(name)
}

function expectProblem(answer: RawAnswer, status: number): Problem {
  expect([answer.status, answer.type], answer.text).toEqual([
    status,
    expect.stringMatching(/^application\/problem\+json/),
  ])
  return problem.parse(JSON.parse(answer.text))
}
