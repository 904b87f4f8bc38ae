/** The systems for which there are instructions, in the order in which they are offered. */
export const SYSTEMS = ['windows', 'macos', 'linux', 'android', 'ios', 'chromeos', 'other'] as const
export type System = (typeof SYSTEMS)[number]

/** What a browser says about the machine that it runs on. */
export interface BrowserFacts {
  readonly userAgent: string
  readonly maxTouchPoints: number
}

/** Guesses the system of the machine from what its browser says; `other` when nothing is known. */
export function detectSystem({ userAgent, maxTouchPoints }: BrowserFacts): System {
  if (/Android/.test(userAgent)) return 'android'
  if (/CrOS/.test(userAgent)) return 'chromeos'
  if (/iPhone|iPad|iPod/.test(userAgent)) return 'ios'
  if (/Windows NT/.test(userAgent)) return 'windows'
  // An iPad shows itself as a Mac; no Mac has a touch screen.
  if (/Macintosh/.test(userAgent)) return maxTouchPoints > 1 ? 'ios' : 'macos'
  if (/Linux|BSD|X11/.test(userAgent)) return 'linux'
  return 'other'
}

/** Whether the system takes profiles by a link best: files are awkward there. */
export function prefersLink(system: System): boolean {
  return system === 'android' || system === 'ios' || system === 'chromeos'
}
