import type { JSX } from 'react'

import styles from './frame.module.css'
import { NotFoundPage } from './not-found-page.tsx'
import { ProblemPage } from './problem-page.tsx'

/** Says that an address leads nowhere, where no frame is around it. */
export function LonelyNotFoundPage(): JSX.Element {
  return (
    <main className={styles.main}>
      <NotFoundPage />
    </main>
  )
}

/** Says why nothing can be shown, where no frame is around it. */
export function LonelyProblemPage({ error }: { readonly error: unknown }): JSX.Element {
  return (
    <main className={styles.main}>
      <ProblemPage error={error} />
    </main>
  )
}
