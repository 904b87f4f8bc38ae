import 'reflect-metadata'

import { expect, it } from 'vitest'
import { z } from 'zod'

import { FEATURES } from '../app.module.ts'
import { openApiOf } from './openapi.ts'
import { exampleOf } from './openapi-example.ts'
import { isPermission } from './permissions.ts'
import { type Route, routesOf } from './routes.ts'

const routes = routesOf(FEATURES)
const document = openApiOf(routes)
const byName = routes.map((route): [name: string, route: Route] => [`${route.method} ${route.path}`, route])

it('finds the operations of every feature', () => {
  expect(routes.length).toBeGreaterThan(25)
  for (const { path } of routes) expect(path).toMatch(/^\/(api\/v1|rest|crl)\//)
  const ids = Object.values(document.paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId))
  expect(new Set(ids).size).toBe(routes.length)
})

it.each(byName)('%s states its permission, its tag and what it does', (_, { access, contract, tag }) => {
  expect(access.permission === 'public' || isPermission(access.permission)).toBe(true)
  expect(contract.summary).toMatch(/^[A-Z].*[^.]$/)
  expect(tag).not.toBe('')
})

it.each(byName)('%s has examples that its own schemas accept', (_, { contract, body }) => {
  const problems = (schema: z.ZodType | undefined, io: 'input' | 'output', given: unknown) =>
    schema
      ?.safeParse(given ?? exampleOf(z.toJSONSchema(schema, { io, unrepresentable: 'any' })))
      .error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? []
  if (contract.consumes === undefined) expect(problems(body, 'input', contract.examples?.body)).toEqual([])
  if (contract.produces !== undefined) expect(contract.response, 'what is answered, for an example').toBeDefined()
  else expect(problems(contract.response, 'output', contract.examples?.response)).toEqual([])
})

it.each(byName)('%s takes no id that is none and no parameter that it does not know', (_, { parameters, query }) => {
  for (const { name, schema } of parameters) expect(/^id$|Id$/.test(name) && schema.safeParse('x').success).toBe(false)
  if (query !== undefined) expect(query.safeParse({ 'no such parameter': '1' }).success).toBe(false)
})
