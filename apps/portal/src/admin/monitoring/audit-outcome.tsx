import type { JSX } from 'react'
import { useMessages, useTranslations } from 'use-intl'

import { Badge } from '../../ui/badge.tsx'
import { resultOf } from './audit-search.ts'

/** What a verification found is in its details. */
const BROKEN = 'broken-'

/** Gives the function that says an outcome of the log in a few words; a code that nobody knows stays as it is. */
export function useOutcomeText(): (outcome: string) => string {
  const t = useTranslations('monitoring.audit')
  const { outcomes } = useMessages().monitoring
  const texts: Readonly<Record<string, string>> = outcomes
  return (outcome) => {
    if (outcome === 'ok') return t('ok')
    return outcome.startsWith(BROKEN) ? t('broken') : (texts[outcome] ?? outcome)
  }
}

/** Says how something came out. */
export function OutcomeBadge({ outcome }: { readonly outcome: string }): JSX.Element {
  const text = useOutcomeText()
  const tones = { ok: 'neutral', asked: 'info', refused: 'danger' } as const
  return <Badge tone={tones[resultOf(outcome)]}>{text(outcome)}</Badge>
}
