import { useEffect, useState } from 'react'

const REFRESH_MS = 1000

/**
 * Counts down from what the service says is left, whatever this machine's clock shows: gives the whole seconds that are
 * left, 0 when the time is over.
 */
export function useTimeLeft(seconds: number): number {
  const [endsAt] = useState(() => performance.now() + seconds * 1000)
  const [left, setLeft] = useState(seconds)
  useEffect(() => {
    const timer = setInterval(() => {
      setLeft(Math.max(0, Math.ceil((endsAt - performance.now()) / 1000)))
    }, REFRESH_MS)
    return () => {
      clearInterval(timer)
    }
  }, [endsAt])
  return left
}
