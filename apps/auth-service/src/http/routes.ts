import { RequestMethod, type Type } from '@nestjs/common'
import { METHOD_METADATA, MODULE_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js'
import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { ACCESS_KEY, type AccessRule } from './access.ts'
import { CONTRACT_KEY, type OperationContract } from './contract.ts'
import { IdPipe, ZodValidationPipe } from './zod-validation.pipe.ts'

/** Nest's numbers of where a handler's argument comes from. */
const FROM_BODY = '3'
const FROM_QUERY = '4'
const FROM_PATH = '5'
/** Where `ApiTags` of @nestjs/swagger keeps its names. */
const TAGS = 'swagger/apiUseTags'

export const HTTP_METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const
export type HttpMethod = (typeof HTTP_METHODS)[number]

/** An operation of the public API, as its decorators describe it. */
export interface Route {
  /** `UsersController.list`. */
  readonly handler: string
  readonly method: HttpMethod
  /** `/api/v1/users/{id}`. */
  readonly path: string
  readonly tag: string
  readonly access: AccessRule
  readonly contract: OperationContract
  readonly parameters: readonly { readonly name: string; readonly schema: z.ZodType }[]
  readonly query: z.ZodObject | undefined
  readonly body: z.ZodType | undefined
}

/** Lists every operation of these modules and of those that they import, without starting anything; pages are none. */
export function routesOf(features: readonly Type[]): Route[] {
  const controllers = new Set<Type>()
  const seen = new Set<Type>()
  for (const feature of features) collect(feature, seen, controllers)
  return [...controllers]
    .flatMap((controller) => namesOf(controller).flatMap((name) => routeOf(controller, name) ?? []))
    .sort((one, other) => order(one).localeCompare(order(other), 'en'))
}

function order({ path, method }: Route): string {
  return `${path} ${String(HTTP_METHODS.indexOf(method))}`
}

function collect(type: Type, seen: Set<Type>, controllers: Set<Type>): void {
  if (seen.has(type)) return
  seen.add(type)
  for (const controller of classesOf(MODULE_METADATA.CONTROLLERS, type)) controllers.add(controller)
  for (const imported of classesOf(MODULE_METADATA.IMPORTS, type)) collect(imported, seen, controllers)
}

function isClass(found: Type | object): found is Type {
  return typeof found === 'function'
}

/** Modules that are built at run time are objects; they have no operations here. */
const classes = z.array(z.custom<Type | object>((value) => value !== undefined)).default([])

function classesOf(key: string, type: Type): Type[] {
  return classes.parse(Reflect.getMetadata(key, type)).filter(isClass)
}

function namesOf({ prototype }: Type): string[] {
  return Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor')
}

const access = z.custom<AccessRule>((value) => value !== undefined)
const contract = z.custom<OperationContract>((value) => value !== undefined)
const argument = z.object({ data: z.string().optional(), pipes: z.array(z.unknown()) })

function routeOf(controller: Type, name: string): Route | undefined {
  const handler: unknown = Object.getOwnPropertyDescriptor(controller.prototype, name)?.value
  if (typeof handler !== 'function') return undefined
  const described = contract.optional().parse(Reflect.getMetadata(CONTRACT_KEY, handler))
  if (described === undefined) return undefined
  const rule: unknown = Reflect.getMetadata(ACCESS_KEY, handler) ?? Reflect.getMetadata(ACCESS_KEY, controller)
  const [base, rest] = [pathOf(controller), pathOf(handler)]
  const path = `/${[base, rest].filter((part) => part !== '').join('/')}`
  const schemas = argumentsOf(controller, name)
  return {
    handler: `${controller.name}.${name}`,
    method: methodOf(handler),
    path: path.replaceAll(/:(\w+)/g, '{$1}'),
    tag: z.array(z.string()).min(1).parse(Reflect.getMetadata(TAGS, controller))[0] ?? '',
    access: access.parse(rule),
    contract: described,
    parameters: [...path.matchAll(/:(\w+)/g)].map(([, parameter = '']) => ({
      name: parameter,
      schema: schemas.find(({ from, data }) => from === FROM_PATH && data === parameter)?.schema ?? z.string(),
    })),
    query: z
      .instanceof(z.ZodObject)
      .optional()
      .parse(schemas.find(({ from }) => from === FROM_QUERY)?.schema),
    body: described.body ?? schemas.find(({ from }) => from === FROM_BODY)?.schema,
  }
}

function pathOf(target: object): string {
  return z
    .string()
    .parse(Reflect.getMetadata(PATH_METADATA, target))
    .replaceAll(/^\/|\/$/g, '')
}

function methodOf(handler: object): HttpMethod {
  const method = z.enum(RequestMethod).parse(Reflect.getMetadata(METHOD_METADATA, handler))
  return z.enum(HTTP_METHODS).parse(RequestMethod[method].toLowerCase())
}

function argumentsOf(controller: Type, name: string) {
  const found = z
    .record(z.string(), argument)
    .default({})
    .parse(Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name))
  return Object.entries(found).flatMap(([key, { data, pipes }]) => {
    const schema = pipes.map(schemaOf).find((candidate) => candidate !== undefined)
    return schema === undefined ? [] : [{ from: key.split(':')[0], data, schema }]
  })
}

function schemaOf(pipe: unknown): z.ZodType | undefined {
  if (pipe === IdPipe) return uuid
  return pipe instanceof ZodValidationPipe ? z.instanceof(z.ZodType).parse(pipe.schema) : undefined
}
