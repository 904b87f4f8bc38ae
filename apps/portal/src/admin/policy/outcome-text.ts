import { useFormatter, useMessages, useTranslations } from 'use-intl'

import type { Outcome } from './outcome.ts'

/** Gives the function that says in a sentence what would happen. */
export function useOutcomeText(): (outcome: Outcome) => string {
  const t = useTranslations('policy.outcomes')
  const values = useTranslations('policy.values')
  const format = useFormatter()
  const { denied, asked } = useMessages().policy.outcomes
  const deniedTexts: Readonly<Record<string, string>> = denied
  const askedTexts: Readonly<Record<string, string>> = asked
  const time = (at: string): string => format.dateTime(new Date(at), { dateStyle: 'medium', timeStyle: 'short' })
  return (outcome) => {
    switch (outcome.kind) {
      case 'denied':
        return t('refused', { why: deniedTexts[outcome.reason] ?? outcome.reason })
      case 'asked': {
        const methods = format.list(
          outcome.methods.map((method) => values(`methods.${method}`)),
          { type: 'disjunction' },
        )
        return t('challenged', { methods, why: askedTexts[outcome.reason] ?? outcome.reason })
      }
      case 'allowed': {
        const { factor, sessionEndsAt, askAgainAt } = outcome
        if (factor === 'in-grace') return t('allowed.in-grace', { until: askAgainAt === null ? '' : time(askAgainAt) })
        if (factor === 'to-enrol' || sessionEndsAt === null) return t(`allowed.${factor}`)
        if (askAgainAt === null || askAgainAt >= sessionEndsAt) {
          return t('until', { what: t(`allowed.${factor}`), end: time(sessionEndsAt) })
        }
        return t('untilAsked', { what: t(`allowed.${factor}`), end: time(sessionEndsAt), asked: time(askAgainAt) })
      }
    }
  }
}
