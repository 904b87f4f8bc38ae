import type { JSX } from 'react'
import { useFormatter, useNow } from 'use-intl'

const REFRESH_MS = 30_000

/** Shows a time as «5 minutes ago», with date and time in the reader's zone behind it. */
export function RelativeTime({ at }: { readonly at: string }): JSX.Element {
  const format = useFormatter()
  const now = useNow({ updateInterval: REFRESH_MS })
  const date = new Date(at)
  return (
    <time dateTime={at} title={format.dateTime(date, { dateStyle: 'full', timeStyle: 'long' })}>
      {format.relativeTime(date, now)}
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
