import { readFileSync } from 'node:fs'

import { z } from 'zod'

const FILE = new URL('../../../libs/api-client/openapi.json', import.meta.url)
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

const jsonSchema = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
})
const content = z.record(z.string(), z.object({ schema: z.unknown(), example: z.unknown() }))
const operation = z.looseObject({
  operationId: z.string(),
  'x-permission': z.string(),
  'x-roles': z.array(z.string()).default([]),
  'x-api-tokens': z.boolean(),
  'x-recent-sign-in': z.literal(true).optional(),
  parameters: z.array(z.object({ name: z.string(), in: z.enum(['path', 'query']), schema: z.unknown() })).default([]),
  requestBody: z.object({ content }).optional(),
})
const apiDocument = z.object({ paths: z.record(z.string(), z.partialRecord(z.enum(METHODS), operation)) })

/** An operation as the published document describes it. */
export interface Operation {
  /** `post /api/v1/users`. */
  readonly name: string
  readonly method: string
  readonly path: string
  /** `public`, or what its caller needs. */
  readonly permission: string
  readonly roles: readonly string[]
  readonly takesTokens: boolean
  /** A session must have proven in the last five minutes who it is. */
  readonly wantsRecentSignIn: boolean
  readonly parameters: readonly { readonly name: string; readonly in: 'path' | 'query'; readonly schema: unknown }[]
  readonly body: { readonly type: string; readonly schema: BodySchema; readonly example: unknown } | undefined
}

/** What the document says of a body that is an object. */
export interface BodySchema {
  readonly properties: Readonly<Record<string, unknown>>
  readonly required: readonly string[]
}

/** Reads the published document, as text and as the list of its operations. */
export function readApiDocument(): { readonly text: string; readonly operations: readonly Operation[] } {
  const text = readFileSync(FILE, 'utf8')
  const { paths } = apiDocument.parse(JSON.parse(text))
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const described = item[method]
      return described === undefined ? [] : [operationOf(method, path, described)]
    }),
  )
  return { text, operations }
}

function operationOf(method: string, path: string, described: z.infer<typeof operation>): Operation {
  const [type, body] = Object.entries(described.requestBody?.content ?? {})[0] ?? []
  const { properties = {}, required = [] } = jsonSchema.parse(body?.schema ?? {})
  return {
    name: `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    permission: described['x-permission'],
    roles: described['x-roles'],
    takesTokens: described['x-api-tokens'],
    wantsRecentSignIn: described['x-recent-sign-in'] === true,
    parameters: described.parameters,
    body: type === undefined ? undefined : { type, schema: { properties, required }, example: body?.example },
  }
}
