import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { Button } from '../../ui/button.tsx'
import { CopyText } from '../../ui/copy-text.tsx'
import { DialogActions } from '../../ui/dialog.tsx'
import { Focused } from '../../ui/focused.tsx'
import { Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'

/** Shows the secret of a webhook, which is never shown again. */
export function WebhookSecret({
  secret,
  onClose,
}: {
  readonly secret: string
  readonly onClose: () => void
}): JSX.Element {
  const t = useTranslations('settings.webhooks')
  const common = useTranslations('common')
  return (
    <Focused>
      <Stack>
        <p>{t('secretHow')}</p>
        <CopyText once text={secret} label={t('secretLabel')} />
        <Notice tone="warning">{t('secretOnce')}</Notice>
        <DialogActions>
          <Button variant="primary" onClick={onClose}>
            {common('close')}
          </Button>
        </DialogActions>
      </Stack>
    </Focused>
  )
}
