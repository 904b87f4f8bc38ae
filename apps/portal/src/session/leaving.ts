import { createContext, use, useCallback, useLayoutEffect, useMemo, useState } from 'react'

/** What somebody can lose by leaving; each has words of its own. */
export type Loss = 'changes' | 'import' | 'invitations' | 'shownOnce' | 'importLink' | 'recoveryCodes' | 'deviceKey'

/** Something on a page that is nowhere else. */
export interface Losable {
  readonly loss: Loss
  /** It belongs to the search part of the address, too: another one is another page. */
  readonly isBySearch: boolean
}

/** A page or a dialog, with what would be lost with it. */
export interface LeaveScope {
  readonly held: readonly Losable[]
  /** Notes what would be lost; gives the function that forgets it. */
  readonly hold: (losable: Losable) => () => void
  /** Asks whether this may be lost, and goes on when it may. */
  readonly ask: (lost: readonly Losable[], goOn: () => void) => void
}

/** The innermost page or dialog; set around all pages and by dialogs. */
export const LeaveContext = createContext<LeaveScope | undefined>(undefined)

function useLeaveScope(): LeaveScope {
  const scope = use(LeaveContext)
  if (scope === undefined) throw new Error('there is nobody who could ask')
  return scope
}

/** Keeps what would be lost with a part of the portal. */
export function useHeld(): Pick<LeaveScope, 'held' | 'hold'> {
  const [held, setHeld] = useState<readonly Losable[]>([])
  const hold = useCallback((losable: Losable) => {
    setHeld((before) => [...before, losable])
    return () => {
      setHeld((before) => before.filter((other) => other !== losable))
    }
  }, [])
  return { held, hold }
}

/** Makes a scope inside another: what is lost with it is lost with the page, too. */
export function useInnerScope(): LeaveScope {
  const { hold: holdOutside, ask } = useLeaveScope()
  const { held, hold: holdHere } = useHeld()
  const hold = useCallback(
    (losable: Losable) => {
      const releases = [holdOutside(losable), holdHere(losable)]
      return () => {
        for (const release of releases) release()
      }
    },
    [holdOutside, holdHere],
  )
  return useMemo(() => ({ held, hold, ask }), [held, hold, ask])
}

/**
 * Has people asked before they lose something by another page, a closed window or the end of the session; inside a dialog
 * also before they close that by Escape, a click outside or its cross. A button that says what it does asks no more.
 */
export function useLostOnLeaving(loss: Loss, isLost: boolean, isBySearch = false): void {
  const { hold } = useLeaveScope()
  // Before the event ends that changed it: React puts off what passive effects set, and the next key may come first.
  useLayoutEffect(() => (isLost ? hold({ loss, isBySearch }) : undefined), [hold, loss, isLost, isBySearch])
}

/** Does the same as a part of a dialog, for components that are around it. */
export function LostOnLeaving({ loss, when }: { readonly loss: Loss; readonly when: boolean }): null {
  useLostOnLeaving(loss, when)
  return null
}

/** Gives the function that does what leaves the page or dialog around it, and asks first when something would be lost. */
export function useLeave(): (goOn: () => void) => void {
  const scope = useLeaveScope()
  return (goOn) => {
    leaveScope(scope, goOn)
  }
}

/** Does the same for whoever made the scope. */
export function leaveScope({ held, ask }: LeaveScope, goOn: () => void): void {
  if (held.length === 0) goOn()
  else ask(held, goOn)
}

interface Place {
  readonly pathname: string
  readonly search: object
}

/** What is lost on the way from one address to another. */
export function lostBetween(held: readonly Losable[], here: Place, there: Place): readonly Losable[] {
  if (here.pathname !== there.pathname) return held
  if (JSON.stringify(here.search) === JSON.stringify(there.search)) return []
  return held.filter(({ isBySearch }) => isBySearch)
}
