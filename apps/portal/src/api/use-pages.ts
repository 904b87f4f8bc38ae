import { useLocation, useNavigate } from '@tanstack/react-router'

/** Where a list is: the cursor of the page that is shown, and how to go on from there. */
export interface Pages {
  /** What to send as `after`. */
  readonly after: string | undefined
  readonly previous: (() => void) | undefined
  /** Takes the answer's `next`; `undefined` at the end. */
  readonly nextOf: (next: string | null | undefined) => (() => void) | undefined
}

/** How far the lists of a page were gone through: the cursors of each, by its question. */
export type Ways = Readonly<Record<string, readonly string[]>>

declare module '@tanstack/react-router' {
  interface HistoryState {
    /** Kept with the entry of the browser's history: «back» and loading anew come to the page that was left. */
    ways?: Ways
  }
}

/** Keeps the way through a list; another question (`key`: search and filters) begins at its start. */
export function usePages(key: string): Pages {
  const ways = useLocation({ select: ({ state }) => state.ways })
  const navigate = useNavigate()
  return pagesOf(ways?.[key] ?? [], (cursors) => {
    void navigate({
      to: '.',
      search: true,
      state: (before) => ({ ...before, ways: { ...before.ways, [key]: cursors } }),
      replace: true,
      resetScroll: false,
    })
  })
}

/** Gives where a list is after some cursors; `goTo` keeps others. */
export function pagesOf(cursors: readonly string[], goTo: (cursors: readonly string[]) => void): Pages {
  const go = (to: readonly string[]) => () => {
    goTo(to)
  }
  return {
    after: cursors.at(-1),
    previous: cursors.length === 0 ? undefined : go(cursors.slice(0, -1)),
    nextOf: (next) => (next === null || next === undefined ? undefined : go([...cursors, next])),
  }
}
