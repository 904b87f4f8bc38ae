import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { Button } from '../ui/button.tsx'
import { CopyText } from '../ui/copy-text.tsx'
import { DialogActions } from '../ui/dialog.tsx'
import { Focused } from '../ui/focused.tsx'
import { Facts, Muted, Stack } from '../ui/layout.tsx'
import { Notice } from '../ui/notice.tsx'

interface OneTimePasswordProps {
  readonly tenant: string
  readonly username: string
  readonly password: string
  readonly onClose: () => void
}

/** Shows once how somebody new signs in for the first time. */
export function OneTimePassword({ tenant, username, password, onClose }: OneTimePasswordProps): JSX.Element {
  const t = useTranslations('platform.firstSignIn')
  return (
    <Focused>
      <Stack>
        <p>{t('how', { username })}</p>
        <Facts
          entries={[
            [t('address'), window.location.origin],
            [t('tenant'), <code key="tenant">{tenant}</code>],
            [t('username'), <code key="username">{username}</code>],
          ]}
        />
        <div>
          <Muted>{t('password')}</Muted>
          <CopyText once label={t('password')} text={password} />
        </div>
        <Notice tone="warning">{t('once')}</Notice>
        <DialogActions>
          <Button variant="primary" onClick={onClose}>
            {t('done')}
          </Button>
        </DialogActions>
      </Stack>
    </Focused>
  )
}
