import { createLink } from '@tanstack/react-router'
import type { ComponentProps, JSX, ReactNode } from 'react'

import styles from './tabs.module.css'

/** Holds links to the parts of one subject, each a page of its own. */
export function TabLinks({ label, children }: { readonly label: string; readonly children: ReactNode }): JSX.Element {
  return (
    <nav className={styles.list} aria-label={label}>
      {children}
    </nav>
  )
}

/** One of them. */
export const TabLink = createLink((props: ComponentProps<'a'>): JSX.Element => <a {...props} className={styles.tab} />)
