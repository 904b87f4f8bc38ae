import type { UserSecrets } from '@sallyport/openvpn-session'

import { LoadError } from '../load-error.ts'

/**
 * Reads lines `user,password`; everything behind the first comma is the password, empty lines are left out. Throws
 * `LoadError` `bad-credentials` with the number of the line, never with what is in it.
 */
export function parseCredentials(name: string, text: string): readonly UserSecrets[] {
  const all: UserSecrets[] = []
  text.split(/\r?\n/).forEach((line, index) => {
    if (line === '') return
    const comma = line.indexOf(',')
    if (comma < 1 || comma === line.length - 1) {
      throw new LoadError('bad-credentials', `${name}: line ${String(index + 1)} is not user,password`)
    }
    all.push({ username: line.slice(0, comma), password: line.slice(comma + 1) })
  })
  if (all.length === 0) throw new LoadError('bad-credentials', `${name}: has no line user,password`)
  return all
}
