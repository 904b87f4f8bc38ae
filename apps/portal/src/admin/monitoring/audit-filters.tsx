import { X } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useMessages, useTranslations } from 'use-intl'

import { isNarrowed, present } from '../../api/search-params.ts'
import { Button } from '../../ui/button.tsx'
import { SelectField } from '../../ui/field.tsx'
import { Row } from '../../ui/layout.tsx'
import styles from './audit.module.css'
import { useOutcomeText } from './audit-outcome.tsx'
import { AuditPersonField } from './audit-person-field.tsx'
import { type AuditSearch, isReversed, referenceOf } from './audit-search.ts'
import { TimeField } from './audit-time-field.tsx'

interface AuditFiltersProps {
  readonly search: AuditSearch
  readonly onChange: (search: AuditSearch) => void
}

/** Asks which events to show. */
export function AuditFilters({ search, onChange }: AuditFiltersProps): JSX.Element {
  const t = useTranslations('monitoring.audit')
  // Fields that hold what is being typed begin anew when everything is shown again.
  const [round, setRound] = useState(0)
  const change = (part: { readonly [Name in keyof AuditSearch]: AuditSearch[Name] | undefined }): void => {
    onChange(present({ ...search, ...part }))
  }
  const { kind, id } = referenceOf(search.actor ?? '')
  return (
    <div className={styles.tools}>
      <div className={styles.filters} key={round}>
        <KindField
          value={search.action}
          onChange={(action) => {
            change({ action })
          }}
        />
        <OutcomeField
          value={search.outcome}
          onChange={(outcome) => {
            change({ outcome })
          }}
        />
        <AuditPersonField
          label={t('by')}
          userId={kind === 'user' ? id : undefined}
          onChange={(userId) => {
            change({ actor: userId === undefined ? undefined : `user:${userId}` })
          }}
        />
        <AuditPersonField
          label={t('about')}
          userId={search.userId}
          onChange={(userId) => {
            change({ userId })
          }}
        />
        <TimeField
          label={t('from')}
          value={search.from}
          onChange={(from) => {
            change({ from })
          }}
        />
        <TimeField
          label={t('to')}
          isEnd
          value={search.to}
          error={isReversed(search) ? t('spanReversed') : undefined}
          onChange={(to) => {
            change({ to })
          }}
        />
      </div>
      {!isNarrowed(search) ? null : (
        <Row>
          <Button
            size="small"
            icon={<X size={16} aria-hidden="true" />}
            onClick={() => {
              setRound(round + 1)
              onChange({})
            }}
          >
            {t('clear')}
          </Button>
        </Row>
      )}
    </div>
  )
}

interface ChoiceProps {
  readonly value: string | undefined
  readonly onChange: (value: string | undefined) => void
}

function KindField({ value, onChange }: ChoiceProps): JSX.Element {
  const t = useTranslations('monitoring.audit')
  const { kinds } = useMessages().monitoring.audit
  const known = Object.entries(kinds).map(([noun, name]) => [`${noun}.`, name] as const)
  return (
    <SelectField
      label={t('kind')}
      value={value ?? ''}
      onChange={({ target }) => {
        onChange(target.value === '' ? undefined : target.value)
      }}
    >
      <option value="">{t('allKinds')}</option>
      {value === undefined || known.some(([prefix]) => prefix === value) ? null : (
        <option value={value}>{value}</option>
      )}
      {known.map(([prefix, name]) => (
        <option key={prefix} value={prefix}>
          {name}
        </option>
      ))}
    </SelectField>
  )
}

function OutcomeField({ value, onChange }: ChoiceProps): JSX.Element {
  const t = useTranslations('monitoring.audit')
  const text = useOutcomeText()
  const { outcomes } = useMessages().monitoring
  const codes = new Set(['ok', ...Object.keys(outcomes), ...(value === undefined ? [] : [value])])
  return (
    <SelectField
      label={t('outcome')}
      value={value ?? ''}
      onChange={({ target }) => {
        onChange(target.value === '' ? undefined : target.value)
      }}
    >
      <option value="">{t('allOutcomes')}</option>
      {[...codes].map((code) => (
        <option key={code} value={code}>
          {text(code)}
        </option>
      ))}
    </SelectField>
  )
}
