import { SallyportError, type Secret } from '@sallyport/foundation'

const TIMEOUT_MS = 30_000

/** The server refused a call: `code` is the API's, `status` the HTTP status, 0 when there was no answer. */
export class ApiClientError extends SallyportError {
  readonly status: number

  constructor(status: number, code: string, message: string, cause?: unknown) {
    super(code, message, { cause, expose: true })
    this.status = status
  }
}

export type ApiMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** A body that is no JSON: a table to import. */
export class CsvFile {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Calls the public API with an operator token or with the cookie of a session. */
export class ApiClient {
  readonly #base: string
  readonly #token: Secret<string> | undefined
  #cookie: string | undefined

  constructor(serverUrl: string, token?: Secret<string>) {
    this.#base = `${serverUrl.replace(/\/+$/, '')}/api/v1`
    this.#token = token
  }

  /** Gives the parsed answer; text when it is not JSON, undefined when it is empty. */
  async call(method: ApiMethod, path: string, body?: unknown): Promise<unknown> {
    const headers: Record<string, string> = { accept: 'application/json' }
    if (body !== undefined) headers['content-type'] = body instanceof CsvFile ? 'text/csv' : 'application/json'
    if (this.#token) headers['authorization'] = `Bearer ${this.#token.reveal()}`
    if (this.#cookie !== undefined) headers['cookie'] = this.#cookie
    const response = await this.#send(path, {
      method,
      headers,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: body instanceof CsvFile ? body.text : JSON.stringify(body) }),
    })
    const cookie = response.headers.getSetCookie().find((line) => line.startsWith('sallyport_session='))
    if (cookie !== undefined) this.#cookie = cookie.split(';', 1)[0]
    const answer = parse(await response.text(), response.headers.get('content-type'))
    if (response.ok) return answer
    throw new ApiClientError(
      response.status,
      textField(answer, 'code') ?? 'unknown',
      textField(answer, 'message') ?? `HTTP status ${String(response.status)}`,
    )
  }

  async #send(path: string, request: RequestInit): Promise<Response> {
    try {
      return await fetch(this.#base + path, request)
    } catch (error) {
      throw new ApiClientError(0, 'unreachable', `no answer from ${this.#base}`, error)
    }
  }
}

function parse(text: string, type: string | null): unknown {
  if (text === '') return undefined
  return type?.includes('json') === true ? JSON.parse(text) : text
}

/** Reads a text field of an answer; undefined when it is missing or of another type. */
export function textField(value: unknown, name: string): string | undefined {
  const field = fieldOf(value, name)
  return typeof field === 'string' ? field : undefined
}

/** Reads a field of an answer; undefined when it is missing. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined
}

/** Reads a text field that the API promises. */
export function requiredText(value: unknown, name: string): string {
  const text = textField(value, name)
  if (text === undefined) throw new ApiClientError(0, 'unexpected-answer', `the server's answer has no "${name}"`)
  return text
}
