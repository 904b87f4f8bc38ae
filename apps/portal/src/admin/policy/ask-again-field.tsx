import { ASK_AGAIN_RHYTHMS } from '@sallyport/mfa-policy'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { Checkbox } from '../../ui/field.tsx'
import type { PolicyDraft } from './policy-draft.ts'
import styles from './rule-fields.module.css'
import { NumberField, type RuleFieldProps, TimeField } from './rule-fields.tsx'

interface AskAgainFieldProps extends RuleFieldProps<PolicyDraft['askAgain']> {
  readonly errorAt: (path: string) => string | undefined
}

/** Asks for how long a proof of the second factor is enough. */
export function AskAgainField(props: AskAgainFieldProps): JSX.Element {
  const { label, description, disabled, value, onChange, errorAt } = props
  const t = useTranslations('policy')
  return (
    <fieldset className={styles.group} disabled={disabled}>
      <legend>{label}</legend>
      <p className={styles.description}>{description}</p>
      {ASK_AGAIN_RHYTHMS.map((every) => (
        <Checkbox
          key={every}
          type="radio"
          name="ask-again"
          label={t(`fields.every.${every}`)}
          checked={value.every === every}
          onChange={() => {
            onChange({ ...value, every })
          }}
        />
      ))}
      {value.every === 'hours' ? (
        <div className={styles.narrow}>
          <NumberField
            label={t('fields.hours')}
            error={errorAt('askAgain.hours')}
            value={value.hours}
            onChange={(hours) => {
              onChange({ ...value, hours })
            }}
          />
        </div>
      ) : null}
      {value.every === 'day' ? (
        <div className={styles.narrow}>
          <TimeField
            label={t('fields.time')}
            error={errorAt('askAgain.untilLocalTime')}
            value={value.time}
            onChange={(time) => {
              onChange({ ...value, time })
            }}
          />
        </div>
      ) : null}
    </fieldset>
  )
}
