import { X } from 'lucide-react'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { choiceIn, present } from '../../api/search-params.ts'
import { Button } from '../../ui/button.tsx'
import { SelectField } from '../../ui/field.tsx'
import { Row } from '../../ui/layout.tsx'
import { ListTools, SearchBox } from '../../ui/table.tsx'
import type { Device } from './devices-page.tsx'
import type { DevicesSearch } from './devices-search.ts'

interface DevicesFiltersProps {
  readonly search: DevicesSearch
  readonly items: readonly Device[]
  readonly onChange: (search: DevicesSearch) => void
}

/** Asks which devices to show. */
export function DevicesFilters({ search, items, onChange }: DevicesFiltersProps): JSX.Element {
  const t = useTranslations('monitoring.devices')
  const change = (part: { readonly [Name in keyof DevicesSearch]: DevicesSearch[Name] | undefined }): void => {
    onChange(present({ ...search, ...part }))
  }
  return (
    <>
      <ListTools>
        <SearchBox
          label={t('search')}
          value={search.search ?? ''}
          onChange={(text) => {
            change({ search: text === '' ? undefined : text })
          }}
        />
        <SelectField
          label={t('state')}
          value={search.state ?? ''}
          onChange={({ target: { value: state } }) => {
            change({ state: choiceIn({ state }, 'state', ['revoked', 'all']) })
          }}
        >
          <option value="">{t('stateActive')}</option>
          <option value="revoked">{t('stateRevoked')}</option>
          <option value="all">{t('stateAll')}</option>
        </SelectField>
        <SelectField
          label={t('certificate')}
          value={search.expiring ?? ''}
          onChange={({ target: { value: expiring } }) => {
            change({ expiring: choiceIn({ expiring }, 'expiring', ['soon', 'over']) })
          }}
        >
          <option value="">{t('anyEnd')}</option>
          <option value="soon">{t('endsSoon')}</option>
          <option value="over">{t('hasEnded')}</option>
        </SelectField>
      </ListTools>
      {search.userId === undefined ? null : (
        <Row>
          <Button
            size="small"
            icon={<X size={16} aria-hidden="true" />}
            onClick={() => {
              change({ userId: undefined })
            }}
          >
            {t('ofOneUser', { name: items.find(({ userId }) => userId === search.userId)?.username ?? '…' })}
          </Button>
        </Row>
      )}
    </>
  )
}
