import type { PolicyProblem } from '@sallyport/mfa-policy'
import { useTranslations } from 'use-intl'

import { useDuration } from './duration.ts'

/** Gives the function that says what is wrong with a rule and what would be right. */
export function useRuleProblemText(): (problem: PolicyProblem) => string {
  const t = useTranslations('policy.problems')
  const duration = useDuration()
  return ({ field, problem, min = 0, max = 0 }) => {
    const isDuration = field.endsWith('Seconds')
    const say = (value: number): string => (isDuration ? duration(value) : String(value))
    const limits = { min: say(min), max: say(max) }
    switch (problem) {
      case 'out-of-range':
        return t('outOfRange', limits)
      case 'exceeds':
        return field === 'tokenSeconds'
          ? t('tokenExceeds', { max: limits.max })
          : t('renewalExceeds', { max: limits.max })
      case 'not-whole':
        return isDuration ? t('noDuration') : t('noNumber', limits)
      case 'empty':
        return t('noMethod')
      case 'bad-local-time':
        return t('noTime')
      case 'unknown-time-zone':
        return t('noZone')
      case 'unknown-value':
      case 'repeated':
      case 'without-mfa':
        return t('other')
    }
  }
}
