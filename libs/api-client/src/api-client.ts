import type { Secret } from '@sallyport/foundation'
import createClient, { type Client } from 'openapi-fetch'

import { ApiRefusedError, ApiUnreachableError, type FieldIssue } from './api-error.ts'
import type { paths } from './generated/api.ts'
import type { SessionCookie } from './session-cookie.ts'

const TIMEOUT_MS = 30_000

/** Every operation of the API, typed by its document. */
export type ApiClient = Client<paths>

/** Where the API is and who calls it; a browser gives neither token nor cookie, it sends its own. */
export interface ApiClientOptions {
  /** The service's AUTH_PUBLIC_URL. */
  readonly baseUrl: string
  readonly token?: Secret<string> | undefined
  readonly session?: SessionCookie | undefined
  /** Gives up on an answer that has not begun; 30 s if absent. */
  readonly timeoutMs?: number
  readonly fetch?: (request: Request) => Promise<Response>
}

/** Makes a client. Calls that get no answer throw `ApiUnreachableError`; give their results to `answerOf`. */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const { token, session, timeoutMs = TIMEOUT_MS, fetch: send = fetch } = options
  const baseUrl = options.baseUrl.replace(/\/+$/, '')
  const client = createClient<paths>({
    baseUrl,
    redirect: 'error',
    headers: { accept: 'application/json' },
    fetch: (request: Request) => sendInTime(send, request, timeoutMs),
  })
  client.use({
    onRequest: ({ request }) => {
      if (token !== undefined) request.headers.set('authorization', `Bearer ${token.reveal()}`)
      else if (session?.header !== undefined) request.headers.set('cookie', session.header)
    },
    onResponse: ({ response }) => {
      session?.take(response.headers)
    },
    onError: ({ error }) => new ApiUnreachableError(baseUrl, error),
  })
  return client
}

/** What comes once the answer has begun may take its time: an export is long. */
async function sendInTime(
  send: (request: Request) => Promise<Response>,
  request: Request,
  timeoutMs: number,
): Promise<Response> {
  const controller = new AbortController()
  const timeout = setTimeout(() => {
    controller.abort(new Error(`no answer within ${String(timeoutMs / 1000)} s`))
  }, timeoutMs)
  try {
    return await send(new Request(request, { signal: controller.signal }))
  } finally {
    clearTimeout(timeout)
  }
}

/** Gives the data of an answer; throws `ApiRefusedError` for a refusal. */
export async function answerOf<Data>(
  call: Promise<{ readonly data?: Data; readonly error?: unknown; readonly response: Response }>,
): Promise<Exclude<Data, undefined>>
export async function answerOf(
  call: Promise<{ readonly data?: unknown; readonly error?: unknown; readonly response: Response }>,
): Promise<unknown> {
  const { data, error, response } = await call
  if (response.ok) return data
  throw refusalOf(response.status, error, response.headers)
}

/** Reads a problem document; an answer that is none comes from something between here and the service. */
export function refusalOf(status: number, problem: unknown, headers = new Headers()): ApiRefusedError {
  const fields = new Map(typeof problem === 'object' && problem !== null ? Object.entries(problem) : [])
  const text = (name: string): string | undefined => {
    const value: unknown = fields.get(name)
    return typeof value === 'string' ? value : undefined
  }
  const message = text('message') ?? `The server answered with status ${String(status)} and no reason.`
  return new ApiRefusedError(status, text('code') ?? 'unknown', message, {
    issues: issuesIn(fields.get('issues')),
    parameters: parametersIn(fields.get('parameters')),
    retryAfterSeconds: secondsIn(headers.get('retry-after')),
  })
}

function parametersIn(value: unknown): Record<string, string | number> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(
    Object.entries(value).filter(
      (entry): entry is [string, string | number] => typeof entry[1] === 'string' || typeof entry[1] === 'number',
    ),
  )
}

/** This server gives seconds, never a date. */
function secondsIn(text: string | null): number | undefined {
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : undefined
}

function issuesIn(value: unknown): FieldIssue[] {
  return Array.isArray(value) ? value.filter(isIssue) : []
}

function isIssue(value: unknown): value is FieldIssue {
  if (typeof value !== 'object' || value === null || !('path' in value) || !('message' in value)) return false
  return typeof value.path === 'string' && typeof value.message === 'string'
}
