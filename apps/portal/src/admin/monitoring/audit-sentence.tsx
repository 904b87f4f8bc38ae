import { Link } from '@tanstack/react-router'
import type { JSX } from 'react'
import { useMessages, useTranslations } from 'use-intl'

import styles from './audit.module.css'
import type { AuditEvent } from './audit-page.tsx'
import { referenceOf, resultOf } from './audit-search.ts'

type Action = Parameters<ReturnType<typeof useTranslations<'monitoring.audit.actions'>>>[0]

const SHORT_ID_CHARACTERS = 8

/** Says in a sentence who did what to what. */
export function AuditSentence({ event }: { readonly event: AuditEvent }): JSX.Element {
  const t = useTranslations('monitoring.audit')
  const say = useTranslations('monitoring.audit.actions')
  const { actions } = useMessages().monitoring.audit
  const { action, actor, actorName, target, targetName, userId, username, outcome } = event
  const names = {
    who: () => <Name reference={actor} name={actorName} />,
    what: () => <Name reference={target} name={targetName} />,
    whom: () => <Name reference={userId === null ? null : `user:${userId}`} name={username} />,
  }
  return (
    <span className={styles.sentence}>
      {isKnown(actions, action)
        ? say.rich(action, { ...names, result: resultOf(outcome) })
        : t.rich('unknownAction', { ...names, action })}
    </span>
  )
}

function isKnown(actions: Readonly<Record<string, object>>, action: string): action is Action {
  const [noun = '', verb = ''] = action.split('.')
  return Object.hasOwn(actions, noun) && Object.hasOwn(actions[noun] ?? {}, verb)
}

interface NameProps {
  /** As it stands in the log, for example `user:<id>`. */
  readonly reference: string | null
  readonly name: string | null
}

/** Names what the log names by its id; users lead to their page. */
function Name({ reference, name }: NameProps): JSX.Element {
  const t = useTranslations('monitoring.audit')
  if (reference === null) return <b>{t('somebody')}</b>
  const { kind, id } = referenceOf(reference)
  if (kind === 'user' && name !== null) {
    return (
      <Link to="/admin/users/$userId" params={{ userId: id }}>
        {name}
      </Link>
    )
  }
  if (name !== null) return <b>{name}</b>
  if (reference === 'operator' || reference === 'policy' || reference === 'anonymous') return <b>{t(reference)}</b>
  return (
    <b title={reference}>{t('thing', { kind, id: id.slice(0, id.includes('-') ? SHORT_ID_CHARACTERS : undefined) })}</b>
  )
}
