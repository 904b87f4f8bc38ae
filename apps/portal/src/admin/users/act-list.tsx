import type { JSX, ReactNode } from 'react'

import styles from './act-list.module.css'

/** Lists what can be done, each with what it does. */
export function ActList({ children }: { readonly children: ReactNode }): JSX.Element {
  return <ul className={styles.acts}>{children}</ul>
}

interface ActProps {
  readonly title: string
  /** What it does, before anybody presses it. */
  readonly what: string
  readonly button: ReactNode
}

/** One of them. */
export function Act({ title, what, button }: ActProps): JSX.Element {
  return (
    <li>
      <div>
        <h3>{title}</h3>
        <p>{what}</p>
      </div>
      {button}
    </li>
  )
}
