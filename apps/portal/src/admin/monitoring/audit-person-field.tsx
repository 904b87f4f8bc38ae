import { answerOf } from '@sallyport/api-client'
import { keepPreviousData, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { type JSX, useDeferredValue, useId, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { TextField } from '../../ui/field.tsx'

const PROPOSALS = 10

interface AuditPersonFieldProps {
  readonly label: string
  readonly userId: string | undefined
  readonly onChange: (userId: string | undefined) => void
}

const proposalsQuery = (search: string) =>
  queryOptions({
    queryKey: ['users', 'proposals', search],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/api/v1/users', { params: { query: { search, limit: PROPOSALS } }, signal })),
  })

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
    ...proposalsQuery(search),
    enabled: search !== '',
    placeholderData: keepPreviousData,
  })
  const users = search === '' ? [] : (proposals.data?.items ?? [])
  const queries = useQueryClient()
  const latest = useRef('')
  const [refused, setRefused] = useState<'nobody' | 'several'>()
  const choose = (text: string): void => {
    setTyped(text)
    setRefused(undefined)
    latest.current = text
    const found = userNamed(text, users)
    if (found?.userId !== userId) onChange(found?.userId)
  }
  // Who typed faster than the proposals came is done now, and hears when there is nobody of that name.
  const finish = async (): Promise<void> => {
    const text = latest.current
    if (typed === undefined || text.trim() === '') return
    const answer = await queries.query(proposalsQuery(text.trim())).catch(() => undefined)
    if (answer === undefined || latest.current !== text) return
    const found = userNamed(text, answer.items)
    if (found === undefined) setRefused(answer.next === null ? 'nobody' : 'several')
    else if (found.userId !== userId) onChange(found.userId)
  }
  return (
    <>
      <TextField
        label={label}
        placeholder={t('personHint')}
        list={listId}
        autoComplete="off"
        value={typed ?? chosen.data?.username ?? ''}
        error={refused === undefined ? undefined : t(refused, { name: (typed ?? '').trim() })}
        onChange={(event) => {
          choose(event.target.value)
        }}
        onBlur={() => void finish()}
        onKeyDown={({ key }) => {
          if (key === 'Enter') void finish()
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

function userNamed<User extends { readonly username: string }>(text: string, users: readonly User[]): User | undefined {
  const name = text.trim().toLowerCase()
  return users.find(({ username }) => username === name)
}
