import { CircleCheck, CircleDashed, CircleHelp, CircleX, type LucideIcon } from 'lucide-react'
import type { JSX } from 'react'
import { useFormatter, useMessages, useTranslations } from 'use-intl'

import { useDuration } from '../policy/duration.ts'
import { detailOf } from './check-detail.ts'
import styles from './check-list.module.css'

/** One thing that was looked at, as the service tells of it. */
export interface ShownCheck {
  readonly check: string
  readonly outcome: string
  readonly detail?: string | number | null | undefined
}

const ICONS: Readonly<Record<string, LucideIcon>> = {
  passed: CircleCheck,
  failed: CircleX,
  asked: CircleHelp,
  skipped: CircleDashed,
}

/** Lists what was looked at in its order, and what each came to. */
export function CheckList({ checks }: { readonly checks: readonly ShownCheck[] }): JSX.Element {
  const { checks: texts } = useMessages().people
  const names: Readonly<Record<string, string>> = texts.names
  const outcomes: Readonly<Record<string, string>> = texts.outcomes
  const detailText = useDetailText()
  return (
    <ol className={styles.list}>
      {checks.map(({ check, outcome, detail }, index) => {
        const Icon = ICONS[outcome] ?? CircleDashed
        return (
          <li key={`${String(index)} ${check}`} className={styles[outcome]}>
            <Icon size={16} aria-hidden="true" />
            <span>{names[check] ?? check}</span>
            <span>{outcomes[outcome] ?? outcome}</span>
            <span>{detailText(check, detail)}</span>
          </li>
        )
      })}
    </ol>
  )
}

function useDetailText(): (check: string, detail: ShownCheck['detail']) => string {
  const t = useTranslations('people.checks')
  const { people, monitoring } = useMessages()
  // What an attempt is refused for can also be what a check came to.
  const codes: Readonly<Record<string, string>> = { ...monitoring.outcomes, ...people.checks.details }
  const format = useFormatter()
  const duration = useDuration()
  return (check, detail) => {
    const read = detailOf(check, detail)
    switch (read?.kind) {
      case undefined:
        return ''
      case 'age':
        return t('age', { duration: duration(read.seconds, 'rough') })
      case 'wait':
        return t('wait', { duration: duration(read.seconds, 'rough') })
      case 'time':
        return t('until', { time: format.dateTime(new Date(read.at), { dateStyle: 'medium', timeStyle: 'short' }) })
      case 'count':
        return format.number(read.count)
      case 'code':
        return codes[read.code] ?? read.code
    }
  }
}
