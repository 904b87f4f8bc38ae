/** A user whom an import created, with the link to choose a password. */
export interface Invited {
  readonly username: string
  readonly invitation: { readonly url: string; readonly expiresAt: string; readonly mailed: boolean }
}

/** A file that shows what an import understands. */
export const EXAMPLE_FILE = [
  'username,email,displayName,role,groups',
  'ada,ada@example.com,Ada Lovelace,auditor,Engineering;On call',
  'grace,grace@example.com,Grace Hopper,,',
  'linus,,,,',
  '',
].join('\r\n')

/** The largest file that the service takes. */
export const MAX_FILE_BYTES = 5_000_000

/** Writes invitations as a file for a spreadsheet or a mail merge (RFC 4180). */
export function invitationsFile(users: readonly Invited[]): string {
  const rows = users.map(({ username, invitation: { url, expiresAt, mailed } }) => [
    username,
    url,
    expiresAt,
    mailed ? 'yes' : 'no',
  ])
  return [['username', 'link', 'expires', 'mailed'], ...rows]
    .map((cells) => `${cells.map(quoted).join(',')}\r\n`)
    .join('')
}

/** No cell is run: names and links begin with a letter or digit. */
function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}
