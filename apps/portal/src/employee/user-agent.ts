import { detectSystem, type System } from './client-system.ts'

/** Browsers by what they call themselves; each also names those after it that it wants to be taken for. */
const BROWSERS = [
  ['Edge', /\bEdg(?:e|A|iOS)?\//],
  ['Opera', /\bOPR\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|CriOS|Chromium|HeadlessChrome)\//],
  ['Safari', /\bVersion\/[\d.]+.*\bSafari\//],
] as const

/** What a session's browser called itself, in words for people; parts that are not known are absent. */
export interface BrowserName {
  readonly browser: string | undefined
  readonly system: Exclude<System, 'other'> | undefined
}

/** Reads a User-Agent (RFC 9110 §10.1.5). */
export function browserNameOf(userAgent: string): BrowserName {
  const system = detectSystem({ userAgent, maxTouchPoints: 0 })
  return {
    browser: BROWSERS.find(([, sign]) => sign.test(userAgent))?.[0],
    system: system === 'other' ? undefined : system,
  }
}
