import type { JSX, ReactNode } from 'react'

import styles from './badge.module.css'
import { classNames } from './class-names.ts'

interface BadgeProps {
  readonly tone?: 'neutral' | 'info' | 'success' | 'warning' | 'danger'
  /** A dot before the text, for what is live. */
  readonly dot?: boolean
  readonly children: ReactNode
}

/** Shows a state in a word; colour alone never says it. */
export function Badge({ tone = 'neutral', dot = false, children }: BadgeProps): JSX.Element {
  return <span className={classNames(styles.badge, styles[tone], dot && styles.dot)}>{children}</span>
}
