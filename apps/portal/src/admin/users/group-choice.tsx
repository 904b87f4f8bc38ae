import { useQuery } from '@tanstack/react-query'
import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { Checkbox, FieldGroup } from '../../ui/field.tsx'
import { Muted, Skeleton } from '../../ui/layout.tsx'
import styles from './group-choice.module.css'
import { groupsQuery } from './people.ts'

interface GroupChoiceProps {
  readonly chosen: readonly string[]
  readonly onChange: (groupIds: readonly string[]) => void
}

/** Chooses the groups of a user. */
export function GroupChoice({ chosen, onChange }: GroupChoiceProps): JSX.Element {
  const t = useTranslations('people.users')
  const groups = useQuery(groupsQuery)
  return (
    <FieldGroup legend={t('groups')}>
      {groups.data === undefined ? <Skeleton lines={2} /> : null}
      {groups.data?.items.length === 0 ? <Muted>{t('noGroupsYet')}</Muted> : null}
      <div className={styles.list}>
        {groups.data?.items.map(({ groupId, name }) => (
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
    </FieldGroup>
  )
}
