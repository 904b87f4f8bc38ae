import type { JSX, ReactNode } from 'react'
import { useTranslations } from 'use-intl'

import styles from './rule-table.module.css'
import { useRuleText } from './rule-text.ts'
import { type Override, type RuleName, SECTIONS } from './rules.ts'

interface RuleTableProps {
  readonly caption: string
  readonly rules: Override
  /** Those to show; all if absent. */
  readonly only?: readonly RuleName[]
  /** What stands beside each rule, for example who decided it. */
  readonly note?: { readonly header: string; readonly of: (name: RuleName) => ReactNode }
}

/** Lists rules with what they are, by their subjects. */
export function RuleTable({ caption, rules, only, note }: RuleTableProps): JSX.Element {
  const t = useTranslations('policy')
  const ruleText = useRuleText()
  const isShown = (name: RuleName): boolean => only === undefined || only.includes(name)
  return (
    <table className={styles.table}>
      <caption className={styles.caption}>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{t('table.rule')}</th>
          <th scope="col">{t('table.value')}</th>
          {note === undefined ? null : <th scope="col">{note.header}</th>}
        </tr>
      </thead>
      {SECTIONS.filter(({ rules: names }) => names.some(isShown)).map(({ name: section, rules: names }) => (
        <tbody key={section}>
          {names.filter(isShown).map((name) => (
            <tr key={name}>
              <th scope="row">{t(`rules.${name}.title`)}</th>
              <td>{ruleText(rules, name)}</td>
              {note === undefined ? null : <td>{note.of(name)}</td>}
            </tr>
          ))}
        </tbody>
      ))}
    </table>
  )
}
