import { type JSX, useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { useProblemText } from '../../api/problem-text.ts'
import { useAct } from '../../session/use-act.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog, DialogActions } from '../../ui/dialog.tsx'
import { Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { type TestResult, testWebhook } from './webhook-calls.ts'
import { useFailureText } from './webhooks-columns.tsx'
import type { Webhook } from './webhooks-settings.tsx'

/** Sends an event that did not happen, and says what became of it. */
export function WebhookTest({
  webhook,
  onClose,
}: {
  readonly webhook: Webhook
  readonly onClose: () => void
}): JSX.Element {
  const t = useTranslations('settings.webhooks.test')
  const common = useTranslations('common')
  const problemText = useProblemText()
  const act = useAct(['webhooks'])
  const [result, setResult] = useState<TestResult>()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>()
  const test = async (): Promise<void> => {
    setBusy(true)
    setProblem(undefined)
    setResult(undefined)
    try {
      await act(async () => {
        setResult(await testWebhook(webhook.webhookId))
      })
    } catch (error) {
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog open onClose={onClose} title={t('title')} description={webhook.url}>
      <Stack>
        <p>{t('what')}</p>
        {result === undefined ? null : <Result result={result} />}
        {problem === undefined ? null : <Notice tone="danger">{problemText(problem)}</Notice>}
        <DialogActions>
          <Button onClick={onClose}>{common('close')}</Button>
          <Button variant="primary" busy={busy} onClick={() => void test()}>
            {t('button')}
          </Button>
        </DialogActions>
      </Stack>
    </Dialog>
  )
}

function Result({ result }: { readonly result: TestResult }): JSX.Element {
  const t = useTranslations('settings.webhooks.test')
  const format = useFormatter()
  const failureText = useFailureText()
  const { delivered, status, failure, milliseconds } = result
  const time = format.number(milliseconds, { style: 'unit', unit: 'millisecond' })
  return (
    <Notice tone={delivered ? 'success' : 'danger'} title={delivered ? t('delivered') : t('notDelivered')}>
      <p>{status === null ? t('noAnswer', { time }) : t('answered', { status, time })}</p>
      {failure === null ? null : <p>{t('why', { why: failureText(failure, status) })}</p>}
    </Notice>
  )
}
