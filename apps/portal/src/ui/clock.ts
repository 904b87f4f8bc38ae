import { createContext, use, useEffect, useState } from 'react'

/** The clock by which ages and ends are shown: that of whoever wrote the times, for the reader's own may be wrong. */
export const ClockContext = createContext<() => number>(Date.now)

/** Gives the time by this clock, as it was when the part was first shown; with an interval, anew after each. */
export function useNowMs(updateIntervalMs?: number): number {
  const clock = use(ClockContext)
  const [nowMs, setNowMs] = useState(clock)
  useEffect(() => {
    if (updateIntervalMs === undefined) return undefined
    const timer = setInterval(() => {
      setNowMs(clock())
    }, updateIntervalMs)
    return () => {
      clearInterval(timer)
    }
  }, [clock, updateIntervalMs])
  return nowMs
}
