import { apiError } from '@sallyport/contracts'

import { ServiceRefusedError, ServiceUnavailableError } from './api-error.ts'

/** The part of a zod schema that reads an answer. */
export interface AnswerSchema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: Error }
}

/** Schema of an answer without a body (204). */
export const noContent: AnswerSchema<undefined> = {
  safeParse: (value) =>
    value === undefined
      ? { success: true, data: undefined }
      : { success: false, error: new TypeError('a body came where none was expected') },
}

/** Reads a JSON answer; an empty text is `undefined`. `call` (method and path) goes into the error. */
export function parseAnswer<T>(call: string, text: string, schema: AnswerSchema<T>): T {
  const parsed = schema.safeParse(text === '' ? undefined : parseJson(text))
  if (!parsed.success) throw new ServiceUnavailableError(`${call}: the answer is not as agreed`, parsed.error)
  return parsed.data
}

/** Says what an answer of status 300 or more means to the caller. */
export function failureOf(call: string, status: number, text: string): ServiceRefusedError | ServiceUnavailableError {
  const parsed = apiError.safeParse(parseJson(text))
  if (!parsed.success) return new ServiceUnavailableError(`${call}: status ${String(status)} without a reason`)
  const { code, message } = parsed.data
  return status >= 400 && status < 500
    ? new ServiceRefusedError(status, code, message)
    : new ServiceUnavailableError(`${call}: status ${String(status)}, ${code}: ${message}`)
}

/** `null` for what is not JSON: no schema here takes it. */
function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    return null
  }
}
