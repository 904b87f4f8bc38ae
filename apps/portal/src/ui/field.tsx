import { Field } from '@base-ui/react/field'
import { CircleAlert, Eye, EyeOff } from 'lucide-react'
import { type ComponentProps, type JSX, type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'

import { Button } from './button.tsx'
import { classNames } from './class-names.ts'
import styles from './field.module.css'

interface Described {
  readonly label: ReactNode
  readonly description?: ReactNode
  /** What is wrong with the value and what to do. */
  readonly error?: string | undefined
}

interface TextFieldProps extends Described, ComponentProps<'input'> {
  readonly code?: boolean
  /** How many characters it may have: says so and is not sent, where `maxLength` would cut what is pasted unseen. */
  readonly longest?: number
}

/** Shows a text field with its label. */
export function TextField({ label, description, error, code, longest, ...rest }: TextFieldProps): JSX.Element {
  const t = useTranslations('common')
  const tooLong = longest === undefined ? undefined : t('tooLong', { longest })
  const isTooLong = longest !== undefined && typeof rest.value === 'string' && rest.value.length > longest
  const limit = longest === undefined ? {} : { pattern: `.{0,${String(longest)}}`, title: tooLong }
  return (
    <Labelled label={label} description={description} error={isTooLong ? tooLong : error}>
      <Field.Control {...limit} {...rest} className={classNames(styles.control, code === true && styles.code)} />
    </Labelled>
  )
}

/** Shows a field for a password, which can be made readable. */
export function PasswordField({
  label,
  description,
  error,
  ...rest
}: Described & ComponentProps<'input'>): JSX.Element {
  const t = useTranslations('common')
  const [isShown, setShown] = useState(false)
  return (
    <Labelled label={label} description={description} error={error}>
      <span className={styles.password}>
        <Field.Control
          autoCapitalize="none"
          spellCheck={false}
          {...rest}
          type={isShown ? 'text' : 'password'}
          className={styles.control}
        />
        <Button
          variant="quiet"
          label={isShown ? t('hidePassword') : t('showPassword')}
          icon={isShown ? <EyeOff size={18} aria-hidden="true" /> : <Eye size={18} aria-hidden="true" />}
          onClick={() => {
            setShown(!isShown)
          }}
        />
      </span>
    </Labelled>
  )
}

/** Shows a field for several lines. */
export function TextArea({ label, description, error, ...rest }: Described & ComponentProps<'textarea'>): JSX.Element {
  return (
    <Labelled label={label} description={description} error={error}>
      <Field.Control render={<textarea {...rest} />} className={styles.control} />
    </Labelled>
  )
}

/** Shows a choice by the platform's own control; `children` are its options. */
export function SelectField({
  label,
  description,
  error,
  children,
  ...rest
}: Described & ComponentProps<'select'>): JSX.Element {
  return (
    <Labelled label={label} description={description} error={error}>
      <Field.Control render={<select {...rest}>{children}</select>} className={styles.control} />
    </Labelled>
  )
}

/** Shows a box to tick, or one of several to choose (`type="radio"`). */
export function Checkbox({
  label,
  description,
  type = 'checkbox',
  ...rest
}: Omit<Described, 'error'> & ComponentProps<'input'> & { readonly type?: 'checkbox' | 'radio' }): JSX.Element {
  return (
    <label className={styles.check}>
      <input {...rest} type={type} />
      <span>{label}</span>
      {description === undefined ? null : <span className={styles.description}>{description}</span>}
    </label>
  )
}

/** Puts fields that belong together under one name. */
export function FieldGroup({
  legend,
  children,
}: {
  readonly legend: ReactNode
  readonly children: ReactNode
}): JSX.Element {
  return (
    <fieldset className={styles.group}>
      <legend>{legend}</legend>
      {children}
    </fieldset>
  )
}

function Labelled({ label, description, error, children }: Described & { readonly children: ReactNode }): JSX.Element {
  return (
    <Field.Root invalid={error !== undefined} className={styles.field}>
      <Field.Label className={styles.label}>{label}</Field.Label>
      {children}
      {description === undefined ? null : (
        <Field.Description className={styles.description}>{description}</Field.Description>
      )}
      <Field.Error match={error !== undefined} className={styles.error}>
        <CircleAlert size={16} aria-hidden="true" />
        {error}
      </Field.Error>
    </Field.Root>
  )
}
