import type { JSX } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { CopyText } from '../../ui/copy-text.tsx'
import { Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import type { PasswordLink } from './people.ts'

/** What an administrator gets once, to hand it to a user. */
export interface Credential {
  readonly username: string
  readonly oneTimePassword?: string | undefined
  readonly link?: PasswordLink | undefined
}

/** Shows a link or password that is never shown again, and how it gets to the user. */
export function HandedOut({ username, oneTimePassword, link }: Credential): JSX.Element {
  const t = useTranslations('people.handedOut')
  const format = useFormatter()
  if (link === undefined) {
    return (
      <Stack>
        <p>{t('passwordHow', { name: username })}</p>
        <CopyText once text={oneTimePassword ?? ''} label={t('password')} />
        <Notice tone="warning">{t('once')}</Notice>
      </Stack>
    )
  }
  const until = format.dateTime(new Date(link.expiresAt), { dateStyle: 'medium', timeStyle: 'short' })
  return (
    <Stack>
      <p>{link.mailed ? t('linkMailed', { name: username }) : t('linkHow', { name: username })}</p>
      <CopyText once={!link.mailed} text={link.url} label={t('link')} />
      <Notice tone="warning">{t('linkOnce', { until })}</Notice>
    </Stack>
  )
}
