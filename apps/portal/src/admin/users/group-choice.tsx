import { useQuery } from '@tanstack/react-query'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { Checkbox, FieldGroup, TextField } from '../../ui/field.tsx'
import { Muted, Skeleton } from '../../ui/layout.tsx'
import styles from './group-choice.module.css'
import { groupsQuery } from './people.ts'

/** More than these are not found by looking at them. */
const SEEN_AT_ONCE = 12

interface GroupChoiceProps {
  readonly chosen: readonly string[]
  readonly onChange: (groupIds: readonly string[]) => void
}

/** Chooses the groups of a user. */
export function GroupChoice({ chosen, onChange }: GroupChoiceProps): JSX.Element {
  const t = useTranslations('people.users')
  const groups = useQuery(groupsQuery)
  const [search, setSearch] = useState('')
  const items = groups.data?.items ?? []
  const text = search.trim().toLowerCase()
  const shown = items.filter(({ name }) => name.toLowerCase().includes(text))
  return (
    <FieldGroup legend={t('groups')}>
      {groups.data === undefined ? <Skeleton lines={2} /> : null}
      {groups.data?.items.length === 0 ? <Muted>{t('noGroupsYet')}</Muted> : null}
      {items.length > SEEN_AT_ONCE ? (
        <TextField
          type="search"
          label={t('searchGroups')}
          autoComplete="off"
          value={search}
          onChange={({ target }) => {
            setSearch(target.value)
          }}
          // It is a part of a form, which is not done yet.
          onKeyDown={(event) => {
            if (event.key === 'Enter') event.preventDefault()
          }}
        />
      ) : null}
      {items.length > 0 && shown.length === 0 ? <Muted>{t('noGroupFound')}</Muted> : null}
      <div className={styles.list}>
        {shown.map(({ groupId, name }) => (
          <Checkbox
            key={groupId}
            label={name}
            checked={chosen.includes(groupId)}
            onChange={({ target }) => {
              onChange(target.checked ? [...chosen, groupId] : chosen.filter((id) => id !== groupId))
            }}
          />
        ))}
      </div>
      {items.length > SEEN_AT_ONCE ? <Muted>{t('chosenGroups', { count: chosen.length })}</Muted> : null}
    </FieldGroup>
  )
}
