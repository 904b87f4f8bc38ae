import { type JSX, useId } from 'react'

import { TextField } from '../../ui/field.tsx'
import styles from './rule-fields.module.css'
import type { RuleFieldProps } from './rule-fields.tsx'

const ZONES = ['UTC', ...Intl.supportedValuesOf('timeZone')]

/** Asks for a time zone by its name; the browser offers those that it knows. */
export function TimeZoneField({ onChange, ...rest }: RuleFieldProps<string>): JSX.Element {
  const id = useId()
  return (
    <div className={styles.medium}>
      <TextField
        {...rest}
        list={id}
        autoComplete="off"
        spellCheck={false}
        onChange={({ target }) => {
          onChange(target.value)
        }}
      />
      <datalist id={id}>
        {ZONES.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </div>
  )
}
