import { answerOf, type operations } from '@sallyport/api-client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { KeyRound, Trash2 } from 'lucide-react'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../../api/api.ts'
import { present } from '../../api/search-params.ts'
import { usePages } from '../../api/use-pages.ts'
import { useMe } from '../../session/me.ts'
import { PagedList } from '../../session/paged-list.tsx'
import { useChange } from '../../session/use-act.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { EmptyState } from '../../ui/layout.tsx'
import { type Column, DataTable, ListTools, SearchBox } from '../../ui/table.tsx'
import { DateTime, RelativeTime } from '../../ui/time.tsx'
import { useToast } from '../../ui/toast.tsx'
import { TwoLines } from '../../ui/two-lines.tsx'
import { SettingsPage } from './settings-page.tsx'

type Token = operations['apiTokensList']['responses'][200]['content']['application/json']['items'][number]

const route = getRouteApi('/signed-in/administration/admin/settings/api-tokens')

/** Lists the API tokens of all users, and revokes them. */
export function ApiTokensSettings(): JSX.Element {
  const t = useTranslations('settings.tokens')
  const { permissions } = useMe()
  const { search } = route.useSearch()
  const navigate = route.useNavigate()
  const pages = usePages(search ?? '')
  const query = present({ search, limit: 50, after: pages.after })
  const list = useQuery({
    queryKey: ['api-tokens', query],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/api-tokens', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
  const [revoking, setRevoking] = useState<Token>()
  const columns = useTokenColumns(permissions.includes('tokens.write'), setRevoking)
  return (
    <SettingsPage title={t('title')} lead={t('lead')}>
      <ListTools>
        <SearchBox
          label={t('search')}
          value={search ?? ''}
          onChange={(text) => void navigate({ search: text === '' ? {} : { search: text }, replace: true })}
        />
      </ListTools>
      <PagedList list={list} pages={pages}>
        <DataTable
          caption={t('title')}
          columns={columns}
          items={list.data?.items}
          keyOf={({ tokenId }) => tokenId}
          empty={
            <EmptyState
              icon={<KeyRound size={32} aria-hidden="true" />}
              title={search === undefined ? t('none') : t('noneFound')}
            >
              {search === undefined ? t('noneHint') : t('noneFoundHint')}
            </EmptyState>
          }
        />
      </PagedList>
      {revoking === undefined ? null : (
        <RevokeToken
          token={revoking}
          onClose={() => {
            setRevoking(undefined)
          }}
        />
      )}
    </SettingsPage>
  )
}

const SHOWN = 3

function useTokenColumns(mayWrite: boolean, onRevoke: (token: Token) => void): Column<Token>[] {
  const t = useTranslations('settings.tokens')
  const columns: Column<Token>[] = [
    {
      header: t('name'),
      cell: ({ name, userId, username }) => (
        <TwoLines
          second={
            <Link to="/admin/users/$userId" params={{ userId }}>
              {username}
            </Link>
          }
        >
          {name}
        </TwoLines>
      ),
    },
    {
      header: t('scopes'),
      cell: ({ scopes }) => {
        const more = scopes.length - SHOWN
        const names = scopes.slice(0, SHOWN).join(', ')
        return <span title={scopes.join(', ')}>{more > 0 ? t('moreScopes', { names, count: more }) : names}</span>
      },
    },
    {
      header: t('lastUsed'),
      cell: ({ lastUsedAt }) => (lastUsedAt === null ? t('never') : <RelativeTime at={lastUsedAt} />),
    },
    { header: t('expires'), cell: ({ expiresAt }) => <DateTime at={expiresAt} dateOnly /> },
  ]
  if (!mayWrite) return columns
  return [
    ...columns,
    {
      header: t('acts'),
      unnamed: true,
      align: 'end',
      cell: (token) => (
        <Button
          size="small"
          label={t('revokeNamed', { name: token.name })}
          icon={<Trash2 size={16} aria-hidden="true" />}
          onClick={() => {
            onRevoke(token)
          }}
        />
      ),
    },
  ]
}

function RevokeToken({ token, onClose }: { readonly token: Token; readonly onClose: () => void }): JSX.Element {
  const t = useTranslations('settings.tokens')
  const change = useChange(['api-tokens'])
  const say = useToast()
  const { tokenId, name, username: user } = token
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('revokeTitle', { name })}
      confirm={t('revoke')}
      onConfirm={async () => {
        const path = { id: tokenId }
        await change(() => answerOf(api.DELETE('/api/v1/api-tokens/{id}', { params: { path } })))
        say(t('revoked', { name }))
      }}
    >
      <p>{t('revokeWhat', { user })}</p>
    </ConfirmDialog>
  )
}
