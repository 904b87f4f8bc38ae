/** How long after the last touch, key or movement somebody counts as being there. */
const ATTENDED_MS = 60_000
const SIGNS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const

let lastSignMs = performance.now()
for (const sign of SIGNS) {
  window.addEventListener(
    sign,
    () => {
      lastSignMs = performance.now()
    },
    { passive: true, capture: true },
  )
}

/**
 * Says in a request that nobody at this page caused it, when that is so: it only asks anew for what has changed. The
 * service lets such requests keep no session, so that a page that was left open is signed out in time.
 */
export function markUnattended({ headers }: Request): void {
  if (performance.now() - lastSignMs > ATTENDED_MS) headers.set('sallyport-unattended', '1')
}
