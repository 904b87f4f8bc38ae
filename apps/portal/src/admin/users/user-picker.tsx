import { answerOf } from '@sallyport/api-client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { useProblemText } from '../../api/problem-text.ts'
import { Button } from '../../ui/button.tsx'
import { Muted, Skeleton, Stack, VisuallyHidden } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { SearchBox } from '../../ui/table.tsx'
import { TwoLines } from '../../ui/two-lines.tsx'
import type { User } from './people.ts'
import styles from './user-rows.module.css'

const SHOWN = 8

interface UserPickerProps {
  /** What choosing is called, for example «Add». */
  readonly choose: string
  readonly onChoose: (user: User) => void
  /** Users who cannot be chosen, and why. */
  readonly without?: { readonly isChosen: (user: User) => boolean; readonly why: string }
}

/** Finds users by a part of their names and chooses one. */
export function UserPicker({ choose, onChoose, without }: UserPickerProps): JSX.Element {
  const t = useTranslations('people.picker')
  const problemText = useProblemText()
  const [search, setSearch] = useState('')
  const query = { search, limit: SHOWN }
  const { data, error } = useQuery({
    queryKey: ['users', 'list', query],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/users', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
  return (
    <Stack>
      <SearchBox label={t('search')} value={search} onChange={setSearch} />
      {error === null ? null : <Notice tone="danger">{problemText(error)}</Notice>}
      {data === undefined && error === null ? <Skeleton lines={SHOWN} /> : null}
      <ul className={styles.rows} aria-label={t('found')}>
        {data?.items.map((user) => (
          <li key={user.userId}>
            <div className={styles.main}>
              <TwoLines second={user.displayName ?? user.email}>{user.username}</TwoLines>
            </div>
            {without?.isChosen(user) === true ? (
              <Muted>{without.why}</Muted>
            ) : (
              <Button
                size="small"
                onClick={() => {
                  onChoose(user)
                }}
              >
                {choose}
                <VisuallyHidden> {user.username}</VisuallyHidden>
              </Button>
            )}
          </li>
        ))}
      </ul>
      <Muted>
        <span role="status">
          {data === undefined ? '' : data.items.length === 0 ? t('none') : data.next === null ? '' : t('more')}
        </span>
      </Muted>
    </Stack>
  )
}
