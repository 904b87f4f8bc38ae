/** Waits until a question of this name may be asked again; gives up with the signal. */
export type Pace = (name: string, signal: AbortSignal) => Promise<void>

/**
 * Keeps a gap between askings of the same question, for answers that cost the service much: who waits asks at the end of
 * the gap, so that the last change is always heard of.
 */
export function createPace(gapMs: number): Pace {
  const nextMs = new Map<string, number>()
  return async (name, signal) => {
    await untilMs(nextMs.get(name) ?? 0, signal)
    nextMs.set(name, performance.now() + gapMs)
  }
}

function untilMs(time: number, signal: AbortSignal): Promise<void> {
  const left = time - performance.now()
  if (left <= 0) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      clearTimeout(timer)
      reject(new DOMException('given up', 'AbortError'))
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', giveUp)
      resolve()
    }, left)
    signal.addEventListener('abort', giveUp, { once: true })
  })
}
