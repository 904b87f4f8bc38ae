import { type JSX, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'

import { useProblemText } from '../../api/problem-text.ts'
import { useAct, useChange } from '../../session/use-act.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog, Dialog, DialogActions } from '../../ui/dialog.tsx'
import { Checkbox } from '../../ui/field.tsx'
import { Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { changeWebhook, deleteWebhook } from './webhook-calls.ts'
import { WebhookSecret } from './webhook-secret.tsx'
import type { Webhook } from './webhooks-settings.tsx'

const TOPICS = ['webhooks']

interface WebhookActProps {
  readonly webhook: Webhook
  readonly onClose: () => void
}

/** Asks before a webhook is told no more. */
export function DisableWebhook({ webhook, onClose }: WebhookActProps): JSX.Element {
  const t = useTranslations('settings.webhooks')
  const change = useChange(TOPICS)
  const say = useToast()
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('disable.title', { url: webhook.url })}
      undo={t('disable.undo')}
      confirm={t('disable.button')}
      onConfirm={async () => {
        await change(() => changeWebhook(webhook.webhookId, { disabled: true }))
        say(t('disable.done'))
      }}
    >
      <p>{t('disable.what')}</p>
    </ConfirmDialog>
  )
}

/** Lets a webhook go on, with or without what it missed. */
export function EnableWebhook({ webhook, onClose }: WebhookActProps): JSX.Element {
  const t = useTranslations('settings.webhooks')
  const common = useTranslations('common')
  const problemText = useProblemText()
  const act = useAct(TOPICS)
  const say = useToast()
  const [skips, setSkips] = useState(false)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>()
  const enable = async (): Promise<void> => {
    setBusy(true)
    setProblem(undefined)
    try {
      const body = { disabled: false, ...(skips && { skipMissed: true as const }) }
      if (!(await act(() => changeWebhook(webhook.webhookId, body)))) return
      say(t('enable.done'))
      onClose()
    } catch (error) {
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog open onClose={onClose} title={t('enable.title', { url: webhook.url })}>
      <Stack>
        <p>{t('enable.what')}</p>
        <Checkbox
          label={t('enable.skip')}
          description={t('enable.skipHint')}
          checked={skips}
          onChange={({ target }) => {
            setSkips(target.checked)
          }}
        />
        {problem === undefined ? null : <Notice tone="danger">{problemText(problem)}</Notice>}
        <DialogActions>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button variant="primary" busy={busy} onClick={() => void enable()}>
            {t('enable.button')}
          </Button>
        </DialogActions>
      </Stack>
    </Dialog>
  )
}

/** Asks before the secret is replaced; then shows the new one. */
export function RenewSecret({ webhook, onClose }: WebhookActProps): JSX.Element {
  const t = useTranslations('settings.webhooks')
  const change = useChange(TOPICS)
  const [secret, setSecret] = useState<string>()
  const isRenewed = useRef(false)
  if (secret !== undefined) {
    return (
      <Dialog open onClose={onClose} title={t('secret.newTitle')}>
        <WebhookSecret secret={secret} onClose={onClose} />
      </Dialog>
    )
  }
  return (
    <ConfirmDialog
      open
      // The dialog closes itself when it is done; the secret comes in its place.
      onClose={() => {
        if (!isRenewed.current) onClose()
      }}
      title={t('secret.title', { url: webhook.url })}
      confirm={t('secret.button')}
      onConfirm={() =>
        change(async () => {
          const { secret: made } = await changeWebhook(webhook.webhookId, { newSecret: true })
          isRenewed.current = true
          setSecret(made)
        })
      }
    >
      <p>{t('secret.what')}</p>
    </ConfirmDialog>
  )
}

/** Asks before a webhook is deleted. */
export function DeleteWebhook({ webhook, onClose }: WebhookActProps): JSX.Element {
  const t = useTranslations('settings.webhooks')
  const change = useChange(TOPICS)
  const say = useToast()
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('delete.title', { url: webhook.url })}
      confirm={t('delete.button')}
      onConfirm={async () => {
        await change(() => deleteWebhook(webhook.webhookId))
        say(t('delete.done'))
      }}
    >
      <p>{t('delete.what')}</p>
    </ConfirmDialog>
  )
}
