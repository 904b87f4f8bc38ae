import { KeyRound, Pause, Pencil, Play, Send, Trash2 } from 'lucide-react'
import type { JSX } from 'react'
import { useFormatter, useMessages, useTranslations } from 'use-intl'

import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Muted, Row } from '../../ui/layout.tsx'
import type { Column } from '../../ui/table.tsx'
import { TwoLines } from '../../ui/two-lines.tsx'
import type { WebhookActName } from './webhook-acts.tsx'
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
  const errorText = useWebhookError()
  return (
    <span className={styles.state}>
      <Badge tone={TONES[state]}>{t(`states.${state}`)}</Badge>
      {lastError === null ? null : <Muted>{t('failed', { count: failures, why: errorText(lastError) })}</Muted>}
      {nextAttemptAt === null || state === 'disabled' ? null : (
        <Muted>{t('nextAttempt', { time: format.dateTime(new Date(nextAttemptAt), { timeStyle: 'medium' }) })}</Muted>
      )}
    </span>
  )
}

/** Gives the function that says in words why a webhook failed. */
export function useWebhookError(): (code: string) => string {
  const { errors } = useMessages().settings.webhooks
  const texts: Readonly<Record<string, string>> = errors
  return (code) => texts[code] ?? code
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
