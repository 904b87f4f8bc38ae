import { type JSX, type ReactNode, useEffect, useRef } from 'react'

import styles from './focused.module.css'

/** Takes the focus when it appears in the place of something else, so that screen readers go on with it. */
export function Focused({ children }: { readonly children: ReactNode }): JSX.Element {
  const part = useRef<HTMLDivElement>(null)
  useEffect(() => {
    part.current?.focus()
  }, [])
  return (
    <div ref={part} tabIndex={-1} className={styles.part}>
      {children}
    </div>
  )
}
