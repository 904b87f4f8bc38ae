/** The status by which the service says that the session is another person's than the page's (RFC 9110 §15.5.13). */
export const USER_CHANGED = 412

/** Pages that are as good for whoever is signed in now; their addresses work once, or for minutes only. */
const OF_ANYBODY = /^\/(?:connect|link)\//

let owner: string | undefined
let isStartingAnew = false

/**
 * Sees to it that whoever is there now is not asked whether another's changes may be lost; called before anything else
 * listens to the end of the page.
 */
export function leaveUnasked(): void {
  const keepFromOthers = (event: Event): void => {
    if (isStartingAnew) event.stopImmediatePropagation()
  }
  window.addEventListener('beforeunload', keepFromOthers, { capture: true })
}

/** Notes whose page this is. All tabs share one session, and it may become another person's in any of them. */
export function notePageOwner(userId: string): void {
  owner = userId
}

/** Forgets whose page this was, when somebody has signed in in it. */
export function forgetPageOwner(): void {
  owner = undefined
}

/** Says in a request whose page asks, so that the service refuses it when the session is not theirs any more. */
export function markPageOwner({ headers }: Request): void {
  if (owner !== undefined) headers.set('sallyport-user', owner)
}

/** Loads the page anew for whoever is signed in now: nothing that it shows, keeps or is about to do is theirs. */
export function startAnew(): void {
  isStartingAnew = true
  document.documentElement.hidden = true
  const { pathname } = window.location
  window.location.replace(OF_ANYBODY.test(pathname) ? pathname : '/')
}
