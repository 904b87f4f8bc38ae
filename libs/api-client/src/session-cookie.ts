/** Keeps the cookie of a session between calls, where no browser does. */
export class SessionCookie {
  #cookie: string | undefined

  /** What to send as `cookie`; `undefined` before a sign-in. */
  get header(): string | undefined {
    return this.#cookie
  }

  /** Takes the cookie of an answer, if it sets one. */
  take(headers: Headers): void {
    const line = headers.getSetCookie().find((text) => text.startsWith('sallyport_session='))
    if (line !== undefined) this.#cookie = line.split(';', 1)[0]
  }
}
