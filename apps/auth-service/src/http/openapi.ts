import { z } from 'zod'

import { problemDocument } from './api-problem.ts'
import { exampleOf } from './openapi-example.ts'
import { type Permission, PERMISSIONS, permissionsOf, ROLES } from './permissions.ts'
import type { HttpMethod, Route } from './routes.ts'

/** Version of the public API: the first number is that of its paths, the second grows when something is added. */
export const API_VERSION = '1.0.0'
/** Name of the cookie that a session travels in. */
export const SESSION_COOKIE = 'sallyport_session'

const JSON_TYPE = 'application/json'
const PROBLEM_TYPE = 'application/problem+json'

type JsonObject = Readonly<Record<string, unknown>>

/** An operation of the document; what starts with `x-` is this service's own. */
export interface OpenApiOperation extends JsonObject {
  readonly operationId: string
  readonly 'x-permission': string
}

/** The document of the public API. */
export interface OpenApiDocument extends JsonObject {
  readonly info: { readonly version: string } & JsonObject
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<HttpMethod, OpenApiOperation>>>>>
}

/** Describes the routes by OpenAPI 3.1, from the schemas that validate their input. */
export function openApiOf(routes: readonly Route[]): OpenApiDocument {
  const paths: Record<string, Partial<Record<HttpMethod, OpenApiOperation>>> = {}
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route) }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sallyport',
      version: API_VERSION,
      description:
        'The public API: what the portal, the command line and scripts use. Every refusal is a problem document ' +
        '(RFC 9457) with a `code` for programs and a `message` for people. A field that the API does not know is refused.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map(({ tag }) => tag))].toSorted().map((name) => ({ name })),
    paths,
    components: {
      schemas: { Problem: jsonSchemaOf(problemDocument, 'output') },
      responses: { Problem: problemResponse() },
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: SESSION_COOKIE,
          description: 'The session of somebody who signed in.',
        },
        apiToken: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API token of a user: POST /api/v1/me/api-tokens makes one.',
        },
        operatorToken: { type: 'http', scheme: 'bearer', description: 'The OPERATOR_TOKEN of the installation.' },
      },
    },
  }
}

function operationOf(route: Route): OpenApiOperation {
  const { contract, access, body, tag } = route
  return {
    operationId: operationIdOf(route),
    tags: [tag],
    summary: contract.summary,
    ...(contract.description === undefined ? {} : { description: contract.description }),
    'x-permission': access.permission,
    ...(access.permission === 'public' ? {} : allowanceOf(access.permission)),
    ...(access.recent ? { 'x-recent-sign-in': true } : {}),
    'x-api-tokens': access.permission !== 'public' && access.tokens === 'allowed',
    security: securityOf(route),
    ...(route.parameters.length + Object.keys(route.query?.shape ?? {}).length === 0
      ? {}
      : { parameters: [...pathParametersOf(route), ...queryParametersOf(route)] }),
    ...(body === undefined ? {} : { requestBody: requestBodyOf(body, contract) }),
    responses: responsesOf(route),
  }
}

function allowanceOf(permission: Permission): JsonObject {
  const roles = ROLES.filter((role) => permissionsOf(role).has(permission))
  return { 'x-permission-allows': PERMISSIONS[permission], 'x-roles': roles }
}

/** `UsersController.resetPassword` is `usersResetPassword`. */
function operationIdOf({ handler }: Route): string {
  const [controller = '', method = ''] = handler.split('.')
  const noun = controller.replace(/Controller$/, '')
  return `${noun.charAt(0).toLowerCase()}${noun.slice(1)}${method.charAt(0).toUpperCase()}${method.slice(1)}`
}

function securityOf({ access: { permission, tokens } }: Route): JsonObject[] {
  if (permission === 'public') return []
  return [
    { session: [] },
    ...(tokens === 'allowed' ? [{ apiToken: [permission] }] : []),
    ...(permission.startsWith('platform.') ? [{ operatorToken: [] }] : []),
  ]
}

function pathParametersOf({ parameters }: Route): JsonObject[] {
  return parameters.map(({ name, schema }) => ({
    name,
    in: 'path',
    required: true,
    schema: jsonSchemaOf(schema, 'input'),
  }))
}

function queryParametersOf({ query }: Route): JsonObject[] {
  if (query === undefined) return []
  const { properties = {}, required = [] } = objectSchema.parse(jsonSchemaOf(query, 'input'))
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = schema
    return {
      name,
      in: 'query',
      required: required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    }
  })
}

const objectSchema = z.looseObject({
  properties: z.record(z.string(), z.looseObject({ description: z.string().optional() })).optional(),
  required: z.array(z.string()).optional(),
})

function requestBodyOf(body: z.ZodType, { consumes = JSON_TYPE, examples }: Route['contract']): JsonObject {
  const schema = jsonSchemaOf(body, 'input')
  const example = examples?.body ?? exampleOf(schema)
  return { required: true, content: { [consumes]: { schema, example } } }
}

function responsesOf({ contract, access, body, query, parameters }: Route): JsonObject {
  const problem = { $ref: '#/components/responses/Problem' }
  return {
    [String(contract.status ?? 200)]: successOf(contract),
    ...(body === undefined && query === undefined ? {} : { 400: problem }),
    ...(access.permission === 'public' ? {} : { 401: problem, 403: problem }),
    ...(parameters.length === 0 ? {} : { 404: problem }),
    ...(body === undefined ? {} : { 413: problem, 415: problem }),
    default: problem,
  }
}

function successOf({ response, produces = JSON_TYPE, examples }: Route['contract']): JsonObject {
  if (response === undefined) {
    if (produces === JSON_TYPE) return { description: 'Done.' }
    return { description: 'Done.', content: { [produces]: { schema: { type: 'string' } } } }
  }
  const schema = jsonSchemaOf(response, 'output')
  return {
    description: 'Done.',
    content: { [produces]: { schema, example: examples?.response ?? exampleOf(schema) } },
  }
}

function problemResponse(): JsonObject {
  const example = {
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    detail: 'Some fields are missing or not valid.',
    code: 'bad-request',
    message: 'Some fields are missing or not valid.',
    issues: [{ path: 'username', message: 'must be letters, digits and . _ @ + -, at most 64' }],
  }
  return {
    description: 'Refused.',
    content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' }, example } },
  }
}

/** Dates and other things that JSON does not have become `{}`; the answers' schemas have none. */
function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' })
  return $schema === undefined ? {} : rest
}
