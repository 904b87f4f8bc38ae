import type { JSX } from 'react'
import { useTranslations } from 'use-intl'

import { hasIssue } from '../../api/issue-place.ts'
import { useMe } from '../../session/me.ts'
import { SelectField, TextField } from '../../ui/field.tsx'
import { GroupChoice } from './group-choice.tsx'
import type { Role } from './people.ts'
import { useRoleName } from './user-badges.tsx'
import { rolesToGive } from './user-state.ts'

/** What is written of a user in a form. */
export interface UserDraft {
  readonly displayName: string
  readonly email: string
  readonly role: Role
  readonly groupIds: readonly string[]
}

interface UserFieldsProps {
  readonly draft: UserDraft
  readonly onChange: (draft: UserDraft) => void
  /** Why the service refused it. */
  readonly problem: unknown
  /** One's own role stays as it is. */
  readonly isOwn?: boolean
}

/** The fields that a new user and one that is changed have in common. */
export function UserFields({ draft, onChange, problem, isOwn = false }: UserFieldsProps): JSX.Element {
  const t = useTranslations('people.form')
  const roleName = useRoleName()
  const { user: own, permissions } = useMe()
  const errorOf = (field: 'displayName' | 'email'): string | undefined =>
    hasIssue(problem, field) ? t(`problems.${field}`) : undefined
  const roles = rolesToGive(own.role)
  return (
    <>
      <TextField
        label={t('displayName')}
        autoComplete="off"
        maxLength={128}
        value={draft.displayName}
        error={errorOf('displayName')}
        onChange={({ target }) => {
          onChange({ ...draft, displayName: target.value })
        }}
      />
      <TextField
        label={t('email')}
        description={t('emailHint')}
        type="email"
        autoComplete="off"
        maxLength={254}
        value={draft.email}
        error={errorOf('email')}
        onChange={({ target }) => {
          onChange({ ...draft, email: target.value })
        }}
      />
      <SelectField
        label={t('role')}
        description={isOwn ? t('ownRole') : t(`roleHints.${draft.role}`)}
        disabled={isOwn}
        value={draft.role}
        onChange={({ target }) => {
          onChange({ ...draft, role: roles.find((role) => role === target.value) ?? 'user' })
        }}
      >
        {(roles.includes(draft.role) ? roles : [...roles, draft.role]).map((role) => (
          <option key={role} value={role}>
            {roleName(role)}
          </option>
        ))}
      </SelectField>
      {permissions.includes('groups.write') ? (
        <GroupChoice
          chosen={draft.groupIds}
          onChange={(groupIds) => {
            onChange({ ...draft, groupIds })
          }}
        />
      ) : null}
    </>
  )
}
