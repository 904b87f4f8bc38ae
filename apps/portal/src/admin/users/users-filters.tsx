import { useQuery } from '@tanstack/react-query'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { choiceIn, present } from '../../api/search-params.ts'
import { useMe } from '../../session/me.ts'
import { SelectField } from '../../ui/field.tsx'
import { ListTools, SearchBox } from '../../ui/table.tsx'
import { groupsQuery } from './people.ts'
import { useRoleName } from './user-badges.tsx'
import { rolesToGive } from './user-state.ts'
import { ROLE_FILTERS, USER_FILTERS, type UsersSearch } from './users-search.ts'

interface UsersFiltersProps {
  readonly search: UsersSearch
  readonly onChange: (search: UsersSearch) => void
}

/** Asks which users to show. */
export function UsersFilters({ search, onChange }: UsersFiltersProps): JSX.Element {
  const t = useTranslations('people.users')
  const roleName = useRoleName()
  const { user } = useMe()
  const change = (part: { readonly [Name in keyof UsersSearch]: UsersSearch[Name] | undefined }): void => {
    onChange(present({ ...search, ...part }))
  }
  return (
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
        onChange={({ target }) => {
          change({ state: choiceIn({ state: target.value }, 'state', USER_FILTERS) })
        }}
      >
        <option value="">{t('anyState')}</option>
        {USER_FILTERS.map((state) => (
          <option key={state} value={state}>
            {t(`stateFilters.${state}`)}
          </option>
        ))}
      </SelectField>
      <SelectField
        label={t('role')}
        value={search.role ?? ''}
        onChange={({ target }) => {
          change({ role: choiceIn({ role: target.value }, 'role', ROLE_FILTERS) })
        }}
      >
        <option value="">{t('anyRole')}</option>
        {rolesToGive(user.role).map((one) => (
          <option key={one} value={one}>
            {roleName(one)}
          </option>
        ))}
      </SelectField>
      <GroupFilter
        value={search.groupId}
        onChange={(groupId) => {
          change({ groupId })
        }}
      />
    </ListTools>
  )
}

interface GroupFilterProps {
  readonly value: string | undefined
  readonly onChange: (groupId: string | undefined) => void
}

function GroupFilter({ value, onChange }: GroupFilterProps): JSX.Element {
  const t = useTranslations('people.users')
  const groups = useQuery(groupsQuery)
  return (
    <SelectField
      label={t('group')}
      value={value ?? ''}
      onChange={({ target }) => {
        onChange(target.value === '' ? undefined : target.value)
      }}
    >
      <option value="">{t('anyGroup')}</option>
      {groups.data?.items.map(({ groupId, name }) => (
        <option key={groupId} value={groupId}>
          {name}
        </option>
      ))}
    </SelectField>
  )
}
