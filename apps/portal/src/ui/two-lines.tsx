import type { JSX, ReactNode } from 'react'

import styles from './two-lines.module.css'

interface TwoLinesProps {
  readonly children: ReactNode
  /** What matters less, below it. */
  readonly second?: ReactNode
}

/** Shows something with a note below it, for cells of a table. */
export function TwoLines({ children, second }: TwoLinesProps): JSX.Element {
  return (
    <span className={styles.lines}>
      <span>{children}</span>
      {second === undefined || second === null ? null : <span className={styles.second}>{second}</span>}
    </span>
  )
}
