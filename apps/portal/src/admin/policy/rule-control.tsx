import { FACTOR_METHODS, MFA_MODES } from '@sallyport/mfa-policy'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { Checkbox } from '../../ui/field.tsx'
import { AskAgainField } from './ask-again-field.tsx'
import type { PolicyDraft } from './policy-draft.ts'
import styles from './rule-fields.module.css'
import {
  DurationField,
  NumberField,
  OptionalField,
  type RuleFieldProps,
  SwitchField,
  TimeField,
} from './rule-fields.tsx'
import type { RuleName } from './rules.ts'
import { TimeZoneField } from './time-zone-field.tsx'

interface RuleControlProps {
  readonly name: RuleName
  readonly draft: PolicyDraft
  readonly disabled: boolean
  /** What is wrong at a path of the rules. */
  readonly errorAt: (path: string) => string | undefined
  readonly onChange: (draft: PolicyDraft) => void
}

/** Asks for one rule by what suits it. */
export function RuleControl({ name, draft, disabled, errorAt, onChange }: RuleControlProps): JSX.Element {
  const t = useTranslations('policy')
  const label = t(`rules.${name}.title`)
  const description = t(`rules.${name}.description`)
  const field = <Name extends RuleName>(rule: Name): RuleFieldProps<PolicyDraft[Name]> => ({
    label,
    description,
    error: errorAt(rule),
    disabled,
    value: draft[rule],
    onChange: (value) => {
      onChange({ ...draft, [rule]: value })
    },
  })
  switch (name) {
    case 'mfa':
      return <ModeField {...field('mfa')} />
    case 'methods':
      return <MethodsField {...field('methods')} />
    case 'askAgain':
      return <AskAgainField {...field('askAgain')} errorAt={errorAt} />
    case 'askOnNewDevice':
    case 'askOnAddressChange':
    case 'askOnCountryChange':
      return <SwitchField {...field(name)} />
    case 'timeZone':
      return <TimeZoneField {...field('timeZone')} />
    case 'enrolmentGraceSeconds':
    case 'sessionSeconds':
    case 'tokenSeconds':
      return <DurationField {...field(name)} />
    case 'idleSeconds':
      return <IdleField {...field('idleSeconds')} />
    case 'sessionsEndAt':
      return <EndTimeField {...field('sessionsEndAt')} />
    case 'deviceLimit':
    case 'connectionLimit':
      return <LimitField {...field(name)} />
    case 'deviceCertificateDays':
    case 'deviceRenewalDays':
      return (
        <div className={styles.narrow}>
          <NumberField {...field(name)} />
        </div>
      )
  }
}

function ModeField({ label, description, disabled, value, onChange }: RuleFieldProps<PolicyDraft['mfa']>) {
  const t = useTranslations('policy.values')
  return (
    <fieldset className={styles.group} disabled={disabled}>
      <legend>{label}</legend>
      <p className={styles.description}>{description}</p>
      {MFA_MODES.map((mode) => (
        <Checkbox
          key={mode}
          type="radio"
          name="mfa"
          label={t(`mfa.${mode}`)}
          description={t(`mfaHints.${mode}`)}
          checked={value === mode}
          onChange={() => {
            onChange(mode)
          }}
        />
      ))}
    </fieldset>
  )
}

function MethodsField(props: RuleFieldProps<PolicyDraft['methods']>): JSX.Element {
  const { label, description, error, disabled, value, onChange } = props
  const t = useTranslations('policy.values')
  return (
    <fieldset className={styles.group} disabled={disabled} aria-invalid={error !== undefined}>
      <legend>{label}</legend>
      <p className={styles.description}>{description}</p>
      {FACTOR_METHODS.map((method) => (
        <Checkbox
          key={method}
          label={t(`methods.${method}`)}
          description={t(`methodHints.${method}`)}
          checked={value.includes(method)}
          onChange={({ target }) => {
            onChange(FACTOR_METHODS.filter((one) => (one === method ? target.checked : value.includes(one))))
          }}
        />
      ))}
      {error === undefined ? null : (
        <p role="alert" className={styles.error}>
          {error}
        </p>
      )}
    </fieldset>
  )
}

function IdleField(props: RuleFieldProps<PolicyDraft['idleSeconds']>): JSX.Element {
  const t = useTranslations('policy')
  const { value, onChange } = props
  return (
    <OptionalField {...props} none={t('values.noIdle')}>
      <DurationField
        {...props}
        label={t('fields.idle')}
        description=""
        onChange={(text) => {
          onChange({ ...value, ...text })
        }}
      />
    </OptionalField>
  )
}

function EndTimeField(props: RuleFieldProps<PolicyDraft['sessionsEndAt']>): JSX.Element {
  const t = useTranslations('policy')
  const { value, error, disabled, onChange } = props
  return (
    <OptionalField {...props} none={t('values.atNoTime')}>
      <div className={styles.narrow}>
        <TimeField
          label={t('fields.time')}
          error={error}
          disabled={disabled}
          value={value.time}
          onChange={(time) => {
            onChange({ ...value, time })
          }}
        />
      </div>
    </OptionalField>
  )
}

function LimitField(props: RuleFieldProps<PolicyDraft['deviceLimit']>): JSX.Element {
  const t = useTranslations('policy')
  const { value, error, disabled, onChange } = props
  return (
    <OptionalField {...props} none={t('values.noLimit')}>
      <div className={styles.narrow}>
        <NumberField
          label={t('fields.atMost')}
          error={error}
          disabled={disabled}
          value={value.text}
          onChange={(text) => {
            onChange({ ...value, text })
          }}
        />
      </div>
    </OptionalField>
  )
}
