import type { JSX } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { Facts, Muted } from '../../ui/layout.tsx'
import type { Column } from '../../ui/table.tsx'
import styles from './audit.module.css'
import { OutcomeBadge } from './audit-outcome.tsx'
import type { AuditEvent } from './audit-page.tsx'
import { AuditSentence } from './audit-sentence.tsx'

/** Gives the columns of the log. */
export function useAuditColumns(): Column<AuditEvent>[] {
  const t = useTranslations('monitoring.audit')
  return [
    { header: t('when'), cell: ({ at }) => <ExactTime at={at} /> },
    { header: t('what'), cell: (event) => <EventCell event={event} /> },
    { header: t('outcome'), cell: ({ outcome }) => <OutcomeBadge outcome={outcome} /> },
  ]
}

/** Shows a time to the second, in the reader's zone. */
function ExactTime({ at }: { readonly at: string }): JSX.Element {
  const format = useFormatter()
  return (
    <time dateTime={at} className={styles.time}>
      {format.dateTime(new Date(at), { dateStyle: 'medium', timeStyle: 'medium' })}
    </time>
  )
}

function EventCell({ event }: { readonly event: AuditEvent }): JSX.Element {
  const t = useTranslations('monitoring.audit')
  return (
    <div className={styles.event}>
      <AuditSentence event={event} />
      <details className={styles.details}>
        <summary>{t('details')}</summary>
        <div className={styles.facts}>
          <Facts
            entries={[
              [t('action'), <code key="action">{event.action}</code>],
              [t('actor'), <code key="actor">{event.actor}</code>],
              [t('target'), event.target === null ? null : <code key="target">{event.target}</code>],
              [t('user'), event.userId === null ? null : <code key="user">{event.userId}</code>],
              [t('result'), <code key="outcome">{event.outcome}</code>],
              [t('time'), <code key="at">{event.at}</code>],
              [t('sequence'), String(event.sequence)],
              [t('hash'), <code key="hash">{event.hash}</code>],
              [t('eventId'), <code key="id">{event.eventId}</code>],
            ]}
          />
          <RawDetails event={event} />
        </div>
      </details>
    </div>
  )
}

function RawDetails({ event }: { readonly event: AuditEvent }): JSX.Element {
  const t = useTranslations('monitoring.audit')
  if (event.detailsErased) return <Muted>{t('detailsErased')}</Muted>
  const { details } = event
  if (details === null || details === undefined) return <Muted>{t('noDetails')}</Muted>
  return <pre className={styles.json}>{JSON.stringify(details, null, 2)}</pre>
}
