import type { JSX } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { useNowMs } from '../../ui/clock.ts'
import { DownloadButton } from '../../ui/download-button.tsx'
import { Card, Facts, Row, Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { DateTime } from '../../ui/time.tsx'
import { type Authority, isEnding } from './authorities.ts'
import styles from './authorities-settings.module.css'
import type { AuthorityActName } from './authority-act.tsx'

/** Digits of a fingerprint that tell one from another. */
const SHORT = 8
const TONES = { prepared: 'info', active: 'success', trusted: 'warning', retired: 'neutral' } as const

interface AuthorityCardProps {
  readonly authority: Authority
  readonly mayWrite: boolean
  readonly onAct: (act: AuthorityActName) => void
}

/** Shows one certificate authority, what depends on it and what can be done. */
export function AuthorityCard({ authority, mayWrite, onAct }: AuthorityCardProps): JSX.Element {
  const t = useTranslations('settings.authorities')
  const format = useFormatter()
  const nowMs = useNowMs()
  const { state, name, sha256, notBefore, notAfter, devices, devicesWithout, crlUrl } = authority
  return (
    <Card
      title={t('cardTitle', { name, fingerprint: sha256.slice(0, SHORT) })}
      actions={
        <Badge tone={TONES[state]} dot={state === 'active'}>
          {t(`states.${state}`)}
        </Badge>
      }
    >
      <Stack>
        <p>{t(`stateHints.${state}`)}</p>
        {isEnding(authority, nowMs) ? <Notice tone="warning">{t('ending')}</Notice> : null}
        <Facts
          entries={[
            [t('from'), <DateTime key="from" at={notBefore} dateOnly />],
            [t('until'), <DateTime key="until" at={notAfter} dateOnly />],
            [t('devices'), format.number(devices)],
            ...(state === 'prepared' ? [[t('devicesWithout'), format.number(devicesWithout)] as const] : []),
            [
              t('fingerprint'),
              <code key="sha256" className={styles.fingerprint}>
                {sha256}
              </code>,
            ],
            [
              t('crl'),
              <a key="crl" href={crlUrl}>
                {t('crlLink')}
              </a>,
            ],
          ]}
        />
        <Row>
          <DownloadButton
            label={t('download')}
            fileName={`authority-${sha256.slice(0, SHORT)}.pem`}
            text={authority.certificate}
            type="application/x-pem-file"
          />
          {mayWrite && state === 'prepared' ? (
            <Button
              variant="primary"
              onClick={() => {
                onAct('activate')
              }}
            >
              {t('activate.button')}
            </Button>
          ) : null}
          {mayWrite && (state === 'prepared' || state === 'trusted') ? (
            <Button
              onClick={() => {
                onAct('retire')
              }}
            >
              {t('retire.button')}
            </Button>
          ) : null}
        </Row>
      </Stack>
    </Card>
  )
}
