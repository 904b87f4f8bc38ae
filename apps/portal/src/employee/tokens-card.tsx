import { answerOf, type operations } from '@sallyport/api-client'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { api } from '../api/api.ts'
import { ProblemNotice } from '../session/problem-notice.tsx'
import { Button } from '../ui/button.tsx'
import { ConfirmDialog } from '../ui/dialog.tsx'
import { Card, Muted, Skeleton } from '../ui/layout.tsx'
import { DateTime, RelativeTime } from '../ui/time.tsx'
import { useToast } from '../ui/toast.tsx'
import styles from './employee.module.css'
import { TokenForm } from './token-form.tsx'

type Token = operations['ownApiTokensList']['responses'][200]['content']['application/json'][number]

/** Lists the reader's API tokens, makes and revokes them. */
export function TokensCard(): JSX.Element {
  const t = useTranslations('employee')
  const { data, error } = useQuery({
    queryKey: ['own-account', 'api-tokens'],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/me/api-tokens', { signal })),
  })
  return (
    <Card title={t('tokens.title')} lead={t('tokens.lead')}>
      {data === undefined ? (
        error === null ? (
          <Skeleton lines={3} />
        ) : (
          <ProblemNotice problem={error} />
        )
      ) : data.length === 0 ? (
        <p>{t('tokens.none')}</p>
      ) : (
        <ul className={styles.list}>
          {data.map((token) => (
            <li key={token.tokenId}>
              <TokenEntry token={token} />
            </li>
          ))}
        </ul>
      )}
      <TokenForm />
    </Card>
  )
}

function TokenEntry({ token }: { readonly token: Token }): JSX.Element {
  const t = useTranslations('employee')
  const queries = useQueryClient()
  const say = useToast()
  const [isAsking, setAsking] = useState(false)
  const { tokenId, name, scopes, expiresAt, lastUsedAt } = token
  const revoke = async (): Promise<void> => {
    await answerOf(api.DELETE('/api/v1/me/api-tokens/{id}', { params: { path: { id: tokenId } } }))
    await queries.invalidateQueries({ queryKey: ['own-account', 'api-tokens'] })
    say(t('tokens.revoked', { name }))
  }
  return (
    <>
      <div className={styles.entry}>
        <strong>{name}</strong>
        <Muted>{scopes.join(', ')}</Muted>
        <Muted>
          {t.rich('tokens.about', {
            expires: () => <DateTime at={expiresAt} dateOnly />,
            used: () => (lastUsedAt === null ? t('tokens.never') : <RelativeTime at={lastUsedAt} />),
          })}
        </Muted>
      </div>
      <Button
        size="small"
        onClick={() => {
          setAsking(true)
        }}
      >
        {t('tokens.revoke')}
      </Button>
      <ConfirmDialog
        open={isAsking}
        onClose={() => {
          setAsking(false)
        }}
        title={t('tokens.revokeTitle', { name })}
        confirm={t('tokens.revoke')}
        onConfirm={revoke}
      >
        <p>{t('tokens.revokeText')}</p>
      </ConfirmDialog>
    </>
  )
}
