import { Outlet } from '@tanstack/react-router'
import type { JSX } from 'react'

import styles from './frame.module.css'
import { Preferences } from './preferences.tsx'

/** The frame around pages that need no session. */
export function PlainFrame(): JSX.Element {
  return (
    <div className={styles.plain}>
      <div />
      <main id="content">
        <Outlet />
      </main>
      <footer>
        <Preferences />
      </footer>
    </div>
  )
}
