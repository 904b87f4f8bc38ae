import type { JSX } from 'react'

import { TextField } from '../../ui/field.tsx'
import { endOf, localMinute, timeOf } from './audit-search.ts'

interface TimeFieldProps {
  readonly label: string
  /** ISO 8601. */
  readonly value: string | undefined
  /** It ends a span: the minute that is typed belongs to that. */
  readonly isEnd?: boolean
  /** What is wrong with it. */
  readonly error?: string | undefined
  readonly onChange: (value: string | undefined) => void
}

/** Asks for a date and a time of the reader's zone. */
export function TimeField({ label, value, isEnd = false, error, onChange }: TimeFieldProps): JSX.Element {
  return (
    <TextField
      label={label}
      type="datetime-local"
      error={error}
      defaultValue={localMinute(value)}
      onChange={({ target }) => {
        // While a date is being typed it is none, and the field is empty to the script.
        if (target.value === '' && target.validity.badInput) return
        onChange(isEnd ? endOf(target.value) : timeOf(target.value))
      }}
    />
  )
}
