import { type JSX, type SubmitEvent, useState } from 'react'
import { useTranslations } from 'use-intl'

import { hasIssue } from '../../api/issue-place.ts'
import { useProblemText } from '../../api/problem-text.ts'
import { LostOnLeaving } from '../../session/leaving.ts'
import { useAct } from '../../session/use-act.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog, DialogActions } from '../../ui/dialog.tsx'
import { TextArea, TextField } from '../../ui/field.tsx'
import { Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { useFocusInvalid } from '../../ui/use-focus-invalid.ts'
import { linesOf } from './network-draft.ts'
import { changeWebhook, createWebhook } from './webhook-calls.ts'
import { WebhookSecret } from './webhook-secret.tsx'
import type { Webhook } from './webhooks-settings.tsx'

/** Where the portal itself has no TLS, the service takes http to its own machine, for trying things out. */
const MAY_BE_HTTP = window.location.protocol === 'http:'

interface WebhookDialogProps {
  /** The one to change; a new one if absent. */
  readonly webhook?: Webhook
  readonly onClose: () => void
}

/** Makes a webhook and shows its secret once, or changes one. */
export function WebhookDialog({ webhook, onClose }: WebhookDialogProps): JSX.Element {
  const t = useTranslations('settings.webhooks')
  const [secret, setSecret] = useState<string>()
  return (
    <Dialog open wide onClose={onClose} title={webhook === undefined ? t('add') : t('editTitle')}>
      {secret === undefined ? (
        <WebhookForm {...(webhook === undefined ? {} : { webhook })} onSecret={setSecret} onClose={onClose} />
      ) : (
        <WebhookSecret secret={secret} onClose={onClose} />
      )}
    </Dialog>
  )
}

interface WebhookFormProps extends WebhookDialogProps {
  readonly onSecret: (secret: string) => void
}

function WebhookForm({ webhook, onSecret, onClose }: WebhookFormProps): JSX.Element {
  const t = useTranslations('settings.webhooks')
  const common = useTranslations('common')
  const problemText = useProblemText()
  const say = useToast()
  const act = useAct(['webhooks'])
  const [before] = useState({ url: webhook?.url ?? '', actions: webhook?.actions.join('\n') ?? '' })
  const [url, setUrl] = useState(before.url)
  const [actions, setActions] = useState(before.actions)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>()
  const form = useFocusInvalid(problem)
  const save = async (): Promise<void> => {
    setBusy(true)
    setProblem(undefined)
    try {
      const isDone = await act(async () => {
        if (webhook === undefined) onSecret((await createWebhook(url.trim(), linesOf(actions))).secret)
        else await changeWebhook(webhook.webhookId, { url: url.trim(), actions: linesOf(actions) })
      })
      if (!isDone || webhook === undefined) return
      say(common('saved'))
      onClose()
    } catch (error) {
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void save()
  }
  return (
    <form ref={form} onSubmit={submit}>
      <LostOnLeaving loss="changes" when={url !== before.url || actions !== before.actions} />
      <Stack>
        <TextField
          label={t('url')}
          description={MAY_BE_HTTP ? t('urlHintTrying') : t('urlHint')}
          type="url"
          required
          autoComplete="off"
          value={url}
          error={hasIssue(problem, 'url') ? (MAY_BE_HTTP ? t('urlProblemTrying') : t('urlProblem')) : undefined}
          onChange={({ target }) => {
            setUrl(target.value)
          }}
        />
        <TextArea
          label={t('actions')}
          description={t('actionsHint')}
          rows={4}
          spellCheck={false}
          value={actions}
          error={hasIssue(problem, 'actions') ? t('actionsProblem') : undefined}
          onChange={({ target }) => {
            setActions(target.value)
          }}
        />
        {problem === undefined ? null : <Notice tone="danger">{problemText(problem)}</Notice>}
        <DialogActions>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button type="submit" variant="primary" busy={busy}>
            {webhook === undefined ? t('create') : common('save')}
          </Button>
        </DialogActions>
      </Stack>
    </form>
  )
}
