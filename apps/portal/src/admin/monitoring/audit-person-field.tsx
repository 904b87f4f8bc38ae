import { answerOf } from '@sallyport/api-client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type JSX, useDeferredValue, useId, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { TextField } from '../../ui/field.tsx'

const PROPOSALS = 10

interface AuditPersonFieldProps {
  readonly label: string
  readonly userId: string | undefined
  readonly onChange: (userId: string | undefined) => void
}

/** Asks for a user by name, proposes some while it is typed, and knows one when the whole name is there. */
export function AuditPersonField({ label, userId, onChange }: AuditPersonFieldProps): JSX.Element {
  const t = useTranslations('monitoring.audit')
  const listId = useId()
  const [typed, setTyped] = useState<string>()
  const chosen = useQuery({
    queryKey: ['users', userId],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/api/v1/users/{id}', { params: { path: { id: userId ?? '' } }, signal })),
    enabled: userId !== undefined && typed === undefined,
  })
  const search = useDeferredValue((typed ?? '').trim())
  const proposals = useQuery({
    queryKey: ['users', 'proposals', search],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/api/v1/users', { params: { query: { search, limit: PROPOSALS } }, signal })),
    enabled: search !== '',
    placeholderData: keepPreviousData,
  })
  const users = search === '' ? [] : (proposals.data?.items ?? [])
  const choose = (text: string): void => {
    setTyped(text)
    const name = text.trim().toLowerCase()
    const found = users.find(({ username }) => username === name)
    if (found?.userId !== userId) onChange(found?.userId)
  }
  return (
    <>
      <TextField
        label={label}
        placeholder={t('personHint')}
        list={listId}
        autoComplete="off"
        value={typed ?? chosen.data?.username ?? ''}
        onChange={(event) => {
          choose(event.target.value)
        }}
        // Who typed faster than the proposals came is done now.
        onBlur={(event) => {
          if (typed !== undefined) choose(event.target.value)
        }}
      />
      <datalist id={listId}>
        {users.map((user) => (
          <option key={user.userId} value={user.username}>
            {user.displayName}
          </option>
        ))}
      </datalist>
    </>
  )
}
