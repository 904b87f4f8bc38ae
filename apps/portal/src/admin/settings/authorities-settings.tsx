import { useQuery } from '@tanstack/react-query'
import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { useProblemText } from '../../api/problem-text.ts'
import { useMe } from '../../session/me.ts'
import { Button } from '../../ui/button.tsx'
import { Card, Skeleton } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { authoritiesQuery, type Authority } from './authorities.ts'
import styles from './authorities-settings.module.css'
import { AuthorityAct, type AuthorityActName } from './authority-act.tsx'
import { AuthorityCard } from './authority-card.tsx'
import { SettingsPage } from './settings-page.tsx'

const STEPS = ['prepare', 'move', 'activate', 'retire'] as const

/** Lists the certificate authorities and rolls them over. */
export function AuthoritiesSettings(): JSX.Element {
  const t = useTranslations('settings.authorities')
  const problemText = useProblemText()
  const { permissions } = useMe()
  const { data, error } = useQuery(authoritiesQuery)
  const [open, setOpen] = useState<{ act: AuthorityActName; authority?: Authority }>()
  const mayWrite = permissions.includes('settings.write')
  const mayPrepare = mayWrite && data?.every(({ state }) => state !== 'prepared') === true
  return (
    <SettingsPage
      title={t('title')}
      lead={t('lead')}
      actions={
        mayPrepare ? (
          <Button
            onClick={() => {
              setOpen({ act: 'prepare' })
            }}
          >
            {t('prepare.button')}
          </Button>
        ) : undefined
      }
    >
      {error === null ? null : <Notice tone="danger">{problemText(error)}</Notice>}
      {data === undefined && error === null ? <Skeleton lines={10} /> : null}
      {data?.map((authority) => (
        <AuthorityCard
          key={authority.authorityId}
          authority={authority}
          mayWrite={mayWrite}
          onAct={(act) => {
            setOpen({ act, authority })
          }}
        />
      ))}
      <Card title={t('stepsTitle')} lead={t('stepsLead')}>
        <ol className={styles.steps}>
          {STEPS.map((step) => (
            <li key={step}>
              <strong>{t(`steps.${step}.title`)}</strong> {t(`steps.${step}.what`)}
            </li>
          ))}
        </ol>
      </Card>
      {open === undefined ? null : (
        <AuthorityAct
          {...open}
          onClose={() => {
            setOpen(undefined)
          }}
        />
      )}
    </SettingsPage>
  )
}
