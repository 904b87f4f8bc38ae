/** Whose account a single name means. */
export interface AccountName {
  readonly tenant: string
  readonly username: string
}

/**
 * Reads a name that says both organisation and user, for clients that have one field: `acme/alice`, or `alice@acme`. User
 * names may have an `@` of their own, short names of organisations neither of the two. `undefined` when one is missing.
 */
export function parseAccountName(text: string): AccountName | undefined {
  const name = text.trim().toLowerCase()
  const slash = name.indexOf('/')
  const at = name.lastIndexOf('@')
  const [tenant, username] =
    slash >= 0 ? [name.slice(0, slash), name.slice(slash + 1)] : [name.slice(at + 1), name.slice(0, Math.max(at, 0))]
  return tenant === '' || username === '' ? undefined : { tenant, username }
}
