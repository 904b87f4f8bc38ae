import type { JSX } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { useNowMs } from './clock.ts'
import { spanOf } from './span.ts'

const REFRESH_MS = 30_000

/** Shows how long ago something was, as «5 minutes ago», with date and time in the reader's zone behind it. */
export function RelativeTime({ at }: { readonly at: string }): JSX.Element {
  const format = useFormatter()
  const nowMs = useNowMs(REFRESH_MS)
  const date = new Date(at)
  return (
    <time dateTime={at} title={format.dateTime(date, { dateStyle: 'full', timeStyle: 'long' })}>
      {format.relativeTime(date, Math.max(nowMs, date.getTime()))}
    </time>
  )
}

/** Shows for how long something has lasted, as «for 5 minutes», with date and time in the reader's zone behind it. */
export function LastingTime({ at }: { readonly at: string }): JSX.Element {
  const t = useTranslations('common.lasting')
  const format = useFormatter()
  const nowMs = useNowMs(REFRESH_MS)
  const date = new Date(at)
  const { unit, count } = spanOf(nowMs - date.getTime())
  return (
    <time dateTime={at} title={format.dateTime(date, { dateStyle: 'full', timeStyle: 'long' })}>
      {t(unit, { count })}
    </time>
  )
}

/** Shows date and time in the reader's zone. */
export function DateTime({ at, dateOnly = false }: { readonly at: string; readonly dateOnly?: boolean }): JSX.Element {
  const format = useFormatter()
  const date = new Date(at)
  return (
    <time dateTime={at} title={format.dateTime(date, { dateStyle: 'full', timeStyle: 'long' })}>
      {format.dateTime(date, dateOnly ? { dateStyle: 'medium' } : { dateStyle: 'medium', timeStyle: 'short' })}
    </time>
  )
}
