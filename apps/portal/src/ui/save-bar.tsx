import type { JSX, ReactNode } from 'react'

import styles from './save-bar.module.css'

interface SaveBarProps {
  /** What is not saved yet. */
  readonly status: ReactNode
  /** What stands in the way of saving. */
  readonly notice?: ReactNode
  /** The buttons; the one that saves comes last. */
  readonly children: ReactNode
}

/** Keeps what a long page has to save in sight: at the lower edge of the window, as long as its parent is there. */
export function SaveBar({ status, notice, children }: SaveBarProps): JSX.Element {
  return (
    <div className={styles.bar}>
      {notice}
      <div className={styles.row}>
        <span role="status">{status}</span>
        <span className={styles.actions}>{children}</span>
      </div>
    </div>
  )
}
