const STORAGE_KEY = 'organisation'

/** Reads the organisation that somebody signed in to from this browser the last time. */
export function knownTenant(): string | undefined {
  try {
    return localStorage.getItem(STORAGE_KEY) ?? undefined
  } catch {
    return undefined
  }
}

/** Remembers it for the next time; it is no secret. */
export function rememberTenant(slug: string): void {
  try {
    localStorage.setItem(STORAGE_KEY, slug)
  } catch {
    // They type it again.
  }
}
