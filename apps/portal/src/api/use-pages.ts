import { useState } from 'react'

/** Where a list is: the cursor of the page that is shown, and how to go on from there. */
export interface Pages {
  /** What to send as `after`. */
  readonly after: string | undefined
  readonly previous: (() => void) | undefined
  /** Takes the answer's `next`; `undefined` at the end. */
  readonly nextOf: (next: string | null | undefined) => (() => void) | undefined
}

/** Keeps the way through a list; another question (`key`: search and filters) begins at its start. */
export function usePages(key: string): Pages {
  const [way, setWay] = useState<{ key: string; cursors: readonly string[] }>({ key, cursors: [] })
  const cursors = way.key === key ? way.cursors : []
  const go = (to: readonly string[]) => () => {
    setWay({ key, cursors: to })
  }
  return {
    after: cursors.at(-1),
    previous: cursors.length === 0 ? undefined : go(cursors.slice(0, -1)),
    nextOf: (next) => (next === null || next === undefined ? undefined : go([...cursors, next])),
  }
}
