import type { Mail } from './mailer.ts'

/** What a mail with a link tells. */
export interface LinkMail {
  readonly purpose: 'invitation' | 'password-reset'
  readonly to: string
  readonly username: string
  readonly tenantSlug: string
  readonly tenantName: string
  readonly url: string
  readonly expiresAt: Date
}

/** Writes the mail that brings a link with which somebody chooses their password. */
export function linkMailOf(link: LinkMail): Mail {
  const { purpose, to, username, tenantSlug, tenantName, url, expiresAt } = link
  const [subject, what, otherwise] =
    purpose === 'invitation'
      ? [`Your VPN account at ${tenantName}`, `You were given a VPN account at ${tenantName}.`, 'you do not expect it']
      : [
          `A new password for your VPN account at ${tenantName}`,
          `A new password was asked for, for your VPN account at ${tenantName}.`,
          'you did not ask for it',
        ]
  const text = [
    what,
    '',
    `Organisation: ${tenantSlug}`,
    `User name:    ${username}`,
    '',
    'Choose your password here:',
    url,
    '',
    `The link works once, until ${timeOf(expiresAt)}. If ${otherwise}, do nothing: without the link nothing changes.`,
    '',
  ].join('\n')
  return { to, subject, text }
}

/** `2026-11-25 14:05 UTC`. */
function timeOf(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
