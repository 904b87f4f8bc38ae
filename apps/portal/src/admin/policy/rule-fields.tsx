import type { ComponentProps, JSX } from 'react'
import { useTranslations } from 'use-intl'

import { Checkbox, SelectField, TextField } from '../../ui/field.tsx'
import { VisuallyHidden } from '../../ui/layout.tsx'
import type { DurationUnit } from './duration.ts'
import type { DurationText, Optional } from './policy-draft.ts'
import styles from './rule-fields.module.css'

/** One rule's field: what it is called, what it does, what is wrong with it. */
export interface RuleFieldProps<Value> {
  readonly label: string
  readonly description: string
  readonly error?: string | undefined
  readonly disabled: boolean
  readonly value: Value
  readonly onChange: (value: Value) => void
}

const UNITS: readonly DurationUnit[] = ['second', 'minute', 'hour', 'day']

/** Asks for a duration in a unit. */
export function DurationField(props: RuleFieldProps<DurationText>): JSX.Element {
  const { label, description, error, value, disabled, onChange } = props
  const t = useTranslations('policy.units')
  return (
    <fieldset className={styles.group} disabled={disabled}>
      <legend>{label}</legend>
      {description === '' ? null : <p className={styles.description}>{description}</p>}
      <div className={styles.withUnit}>
        <NumberField
          label={<VisuallyHidden>{label}</VisuallyHidden>}
          error={error}
          value={value.text}
          onChange={(text) => {
            onChange({ ...value, text })
          }}
        />
        <SelectField
          label={<VisuallyHidden>{t('unitOf', { name: label })}</VisuallyHidden>}
          value={value.unit}
          onChange={({ target }) => {
            onChange({ ...value, unit: UNITS.find((unit) => unit === target.value) ?? 'hour' })
          }}
        >
          {UNITS.map((unit) => (
            <option key={unit} value={unit}>
              {t(unit)}
            </option>
          ))}
        </SelectField>
      </div>
    </fieldset>
  )
}

/** Asks for a whole number. */
export function NumberField({
  onChange,
  ...rest
}: Omit<ComponentProps<typeof TextField>, 'onChange'> & { readonly onChange: (text: string) => void }): JSX.Element {
  return (
    <TextField
      {...rest}
      inputMode="numeric"
      autoComplete="off"
      onChange={({ target }) => {
        onChange(target.value)
      }}
    />
  )
}

/** Asks for a time of day. */
export function TimeField({
  onChange,
  ...rest
}: Omit<ComponentProps<typeof TextField>, 'onChange'> & { readonly onChange: (text: string) => void }): JSX.Element {
  return (
    <TextField
      {...rest}
      type="time"
      onChange={({ target }) => {
        onChange(target.value)
      }}
    />
  )
}

interface OptionalFieldProps<Value> extends RuleFieldProps<Optional<Value>> {
  /** What not setting it is called. */
  readonly none: string
  readonly children: JSX.Element
}

/** Asks whether there is a limit, and then for it. */
export function OptionalField<Value>(props: OptionalFieldProps<Value>): JSX.Element {
  const { label, description, none, disabled, value, onChange, children } = props
  return (
    <fieldset className={styles.group} disabled={disabled}>
      <legend>{label}</legend>
      <p className={styles.description}>{description}</p>
      <Checkbox
        label={none}
        checked={!value.isSet}
        onChange={({ target }) => {
          onChange({ ...value, isSet: !target.checked })
        }}
      />
      {value.isSet ? children : null}
    </fieldset>
  )
}

/** Asks whether something is done. */
export function SwitchField({ label, description, disabled, value, onChange }: RuleFieldProps<boolean>): JSX.Element {
  return (
    <Checkbox
      label={<strong className={styles.strong}>{label}</strong>}
      description={description}
      disabled={disabled}
      checked={value}
      onChange={({ target }) => {
        onChange(target.checked)
      }}
    />
  )
}
