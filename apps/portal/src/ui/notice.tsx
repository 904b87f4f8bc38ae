import { CircleAlert, CircleCheck, Info, TriangleAlert } from 'lucide-react'
import type { JSX, ReactNode } from 'react'

import { classNames } from './class-names.ts'
import styles from './notice.module.css'

const ICONS = { info: Info, success: CircleCheck, warning: TriangleAlert, danger: CircleAlert } as const

interface NoticeProps {
  readonly tone?: keyof typeof ICONS
  readonly title?: ReactNode
  readonly children?: ReactNode
  /** Buttons that help on. */
  readonly actions?: ReactNode
}

/** Says something that matters now; what went wrong is read out at once. */
export function Notice({ tone = 'info', title, children, actions }: NoticeProps): JSX.Element {
  const Icon = ICONS[tone]
  return (
    <div role={tone === 'danger' ? 'alert' : 'status'} className={classNames(styles.notice, styles[tone])}>
      <Icon size={20} aria-hidden="true" />
      <div className={styles.body}>
        {title === undefined ? null : <p className={styles.title}>{title}</p>}
        {children === undefined ? null : <div>{children}</div>}
        {actions === undefined ? null : <div className={styles.actions}>{actions}</div>}
      </div>
    </div>
  )
}
