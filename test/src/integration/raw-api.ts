import { ApiClientError } from '@sallyport/local-services'

/** What is shown with a call: a session's cookie, a token, nothing. */
export type Shown = Readonly<Record<string, string>>

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number
  readonly type: string
  readonly text: string
}

/** Calls the API as it is, without help of a client. */
export async function callRaw(
  baseUrl: string,
  method: string,
  path: string,
  shown: Shown,
  body?: { readonly type: string; readonly text: string | Uint8Array<ArrayBuffer> },
): Promise<RawAnswer> {
  const response = await fetch(baseUrl + path, {
    method,
    headers: { ...shown, ...(body === undefined ? {} : { 'content-type': body.type }) },
    ...(body === undefined ? {} : { body: body.text }),
    redirect: 'manual',
  })
  const type = response.headers.get('content-type') ?? ''
  return { status: response.status, type, text: await (isEndless(type) ? firstPart(response) : response.text()) }
}

function isEndless(type: string): boolean {
  return type.startsWith('text/event-stream')
}

async function firstPart(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  const part = await reader?.read()
  await reader?.cancel()
  return Buffer.from(part?.value ?? []).toString()
}

/** Signs in and gives the session's cookie. */
export async function sessionOf(
  baseUrl: string,
  credentials: { readonly tenant: string; readonly username: string; readonly password: string; readonly otp?: string },
  headers: Shown = {},
): Promise<Shown> {
  const response = await fetch(`${baseUrl}/api/v1/sign-in`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(credentials),
  })
  const cookie = response.headers.getSetCookie()[0]?.split(';', 1)[0]
  if (cookie === undefined) throw new ApiClientError(response.status, 'no-session', await response.text())
  return { cookie }
}
