import { useFormatter, useTranslations } from 'use-intl'

import { useDuration } from './duration.ts'
import type { Override, RuleName } from './rules.ts'

/** Gives the function that says in words what a rule is; an empty text where it is not stated. */
export function useRuleText(): (rules: Override, name: RuleName) => string {
  const t = useTranslations('policy.values')
  const format = useFormatter()
  const duration = useDuration()
  const days = (count: number): string => format.number(count, { style: 'unit', unit: 'day', unitDisplay: 'long' })
  const limit = (count: number | null): string => (count === null ? t('noLimit') : format.number(count))
  return (rules, name) => {
    switch (name) {
      case 'mfa':
        return rules.mfa === undefined ? '' : t(`mfa.${rules.mfa}`)
      case 'methods':
        return format.list((rules.methods ?? []).map((method) => t(`methods.${method}`)))
      case 'enrolmentGraceSeconds':
        return rules.enrolmentGraceSeconds === 0 ? t('noGrace') : duration(rules.enrolmentGraceSeconds ?? 0)
      case 'askAgain':
        return rules.askAgain === undefined ? '' : askAgainText(rules.askAgain, t)
      case 'askOnNewDevice':
      case 'askOnAddressChange':
      case 'askOnCountryChange':
        return rules[name] === true ? t('yes') : t('no')
      case 'timeZone':
        return rules.timeZone ?? ''
      case 'sessionsEndAt':
        return rules.sessionsEndAt ?? t('atNoTime')
      case 'idleSeconds':
        return typeof rules.idleSeconds === 'number' ? duration(rules.idleSeconds) : t('noLimit')
      case 'sessionSeconds':
      case 'tokenSeconds':
        return duration(rules[name] ?? 0)
      case 'deviceLimit':
      case 'connectionLimit':
        return limit(rules[name] ?? null)
      case 'deviceCertificateDays':
      case 'deviceRenewalDays':
        return days(rules[name] ?? 0)
    }
  }
}

function askAgainText(
  askAgain: NonNullable<Override['askAgain']>,
  t: ReturnType<typeof useTranslations<'policy.values'>>,
): string {
  switch (askAgain.every) {
    case 'connection':
      return t('askAgain.connection')
    case 'hours':
      return t('askAgain.hours', { hours: askAgain.hours })
    case 'day':
      return t('askAgain.day', { time: askAgain.untilLocalTime })
  }
}
