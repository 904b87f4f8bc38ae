import { KeyRound, Pause, Pencil, Play, Send, Trash2 } from 'lucide-react'
import type { JSX } from 'react'
import { useFormatter, useMessages, useTranslations } from 'use-intl'

import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Muted, Row } from '../../ui/layout.tsx'
import type { Column } from '../../ui/table.tsx'
import { TwoLines } from '../../ui/two-lines.tsx'
import { readLastError } from './last-error.ts'
import type { WebhookActName } from './webhook-acts.tsx'
import type { TestResult } from './webhook-calls.ts'
import styles from './webhooks.module.css'
import type { Webhook } from './webhooks-settings.tsx'

type OnAct = (act: WebhookActName, webhook: Webhook) => void

const TONES = { working: 'success', failing: 'warning', disabled: 'neutral' } as const
const SHOWN = 2

/** Gives the columns of the list of webhooks. */
export function useWebhookColumns(mayWrite: boolean, onAct: OnAct): Column<Webhook>[] {
  const t = useTranslations('settings.webhooks')
  const columns: Column<Webhook>[] = [
    {
      header: t('url'),
      cell: ({ url, actions }) => (
        <TwoLines second={<Actions actions={actions} />}>
          <span className={styles.url}>{url}</span>
        </TwoLines>
      ),
    },
    { header: t('state'), cell: (webhook) => <State webhook={webhook} /> },
  ]
  if (!mayWrite) return columns
  return [
    ...columns,
    {
      header: t('acts'),
      unnamed: true,
      align: 'end',
      cell: (webhook) => <WebhookButtons webhook={webhook} onAct={onAct} />,
    },
  ]
}

function Actions({ actions }: Pick<Webhook, 'actions'>): JSX.Element {
  const t = useTranslations('settings.webhooks')
  const more = actions.length - SHOWN
  const names = actions.slice(0, SHOWN).join(', ')
  if (actions.length === 0) return <span>{t('everything')}</span>
  return <span title={actions.join(', ')}>{more > 0 ? t('more', { names, count: more }) : names}</span>
}

function State({ webhook }: { readonly webhook: Webhook }): JSX.Element {
  const t = useTranslations('settings.webhooks')
  const format = useFormatter()
  const { state, lastError, failures, nextAttemptAt } = webhook
  const lastErrorText = useLastErrorText()
  return (
    <span className={styles.state}>
      <Badge tone={TONES[state]}>{t(`states.${state}`)}</Badge>
      {lastError === null ? null : <Muted>{t('failed', { count: failures, why: lastErrorText(lastError) })}</Muted>}
      {nextAttemptAt === null || state === 'disabled' ? null : (
        <Muted>{t('nextAttempt', { time: format.dateTime(new Date(nextAttemptAt), { timeStyle: 'medium' }) })}</Muted>
      )}
    </span>
  )
}

type Failure = NonNullable<TestResult['failure']>

/** Gives the function that says in words why a webhook failed, with the status where one was answered. */
export function useFailureText(): (failure: Failure, status: number | null) => string {
  const t = useTranslations('settings.webhooks.errors')
  return (failure, status) => t(failure, { status: status ?? 0 })
}

/** Gives the same function for what the list says of the last failure: a code, perhaps with a status behind it. */
function useLastErrorText(): (lastError: string) => string {
  const failureText = useFailureText()
  const { errors } = useMessages().settings.webhooks
  return (lastError) => {
    const { failure, status } = readLastError(lastError)
    return isFailure(failure, errors) ? failureText(failure, status) : lastError
  }
}

function isFailure(text: string, errors: Readonly<Record<Failure, string>>): text is Failure {
  return Object.hasOwn(errors, text)
}

function WebhookButtons({ webhook, onAct }: { readonly webhook: Webhook; readonly onAct: OnAct }): JSX.Element {
  const t = useTranslations('settings.webhooks')
  const { url, state } = webhook
  const acts = [
    ['test', Send],
    ['edit', Pencil],
    ['secret', KeyRound],
    state === 'disabled' ? (['enable', Play] as const) : (['disable', Pause] as const),
    ['delete', Trash2],
  ] as const
  return (
    <Row>
      {acts.map(([act, Icon]) => (
        <Button
          key={act}
          size="small"
          label={t(`named.${act}`, { url })}
          icon={<Icon size={16} aria-hidden="true" />}
          onClick={() => {
            onAct(act, webhook)
          }}
        />
      ))}
    </Row>
  )
}
