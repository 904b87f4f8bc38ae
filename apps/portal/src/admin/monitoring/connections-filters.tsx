import { answerOf } from '@sallyport/api-client'
import { useQuery } from '@tanstack/react-query'
import { X } from 'lucide-react'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { present } from '../../api/search-params.ts'
import { Button } from '../../ui/button.tsx'
import { SelectField } from '../../ui/field.tsx'
import { Row } from '../../ui/layout.tsx'
import { ListTools, SearchBox } from '../../ui/table.tsx'
import type { Connection } from './connections-page.tsx'
import type { ConnectionsSearch } from './connections-search.ts'

const STATES = ['live', 'ended', 'all'] as const
const MAX_NETWORKS = 200

interface ConnectionsFiltersProps {
  readonly search: ConnectionsSearch
  /** What is shown: its nodes can be chosen. */
  readonly items: readonly Connection[]
  readonly onChange: (search: ConnectionsSearch) => void
}

/** Asks which connections to show. */
export function ConnectionsFilters({ search, items, onChange }: ConnectionsFiltersProps): JSX.Element {
  const t = useTranslations('monitoring.connections')
  const change = (part: { readonly [Name in keyof ConnectionsSearch]: ConnectionsSearch[Name] | undefined }): void => {
    onChange(present({ ...search, ...part }))
  }
  const stateNames = { live: t('stateLive'), ended: t('stateEnded'), all: t('stateAll') }
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
          value={search.state ?? 'live'}
          onChange={({ target: { value } }) => {
            change({ state: value === 'ended' || value === 'all' ? value : undefined })
          }}
        >
          {STATES.map((state) => (
            <option key={state} value={state}>
              {stateNames[state]}
            </option>
          ))}
        </SelectField>
        <NetworkFilter
          value={search.networkId}
          onChange={(networkId) => {
            change({ networkId })
          }}
        />
        <NodeFilter
          value={search.node}
          items={items}
          onChange={(node) => {
            change({ node })
          }}
        />
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

interface ChoiceProps {
  readonly value: string | undefined
  readonly onChange: (value: string | undefined) => void
}

function NetworkFilter({ value, onChange }: ChoiceProps): JSX.Element {
  const t = useTranslations('monitoring.connections')
  const networks = useQuery({
    queryKey: ['networks', 'names'],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/api/v1/networks', { params: { query: { limit: MAX_NETWORKS } }, signal })),
  })
  return (
    <SelectField
      label={t('network')}
      value={value ?? ''}
      onChange={(event) => {
        onChange(event.target.value === '' ? undefined : event.target.value)
      }}
    >
      <option value="">{t('allNetworks')}</option>
      {networks.data?.items.map(({ networkId, name }) => (
        <option key={networkId} value={networkId}>
          {name}
        </option>
      ))}
    </SelectField>
  )
}

function NodeFilter({ value, items, onChange }: ChoiceProps & Pick<ConnectionsFiltersProps, 'items'>): JSX.Element {
  const t = useTranslations('monitoring.connections')
  const nodes = [...new Set([...items.map(({ node }) => node), ...(value === undefined ? [] : [value])])].sort()
  return (
    <SelectField
      label={t('node')}
      value={value ?? ''}
      onChange={(event) => {
        onChange(event.target.value === '' ? undefined : event.target.value)
      }}
    >
      <option value="">{t('allNodes')}</option>
      {nodes.map((node) => (
        <option key={node} value={node}>
          {node}
        </option>
      ))}
    </SelectField>
  )
}
