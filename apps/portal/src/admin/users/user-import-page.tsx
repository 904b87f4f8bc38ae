import { Link } from '@tanstack/react-router'
import { type JSX, useId } from 'react'
import { useTranslations } from 'use-intl'

import { useProblemText } from '../../api/problem-text.ts'
import { LostOnLeaving } from '../../session/leaving.ts'
import { useMe } from '../../session/me.ts'
import { Button } from '../../ui/button.tsx'
import { DownloadButton } from '../../ui/download-button.tsx'
import { FileButton } from '../../ui/file-button.tsx'
import { Focused } from '../../ui/focused.tsx'
import { Card, Page, Row, Skeleton, Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { EXAMPLE_FILE } from './import-files.ts'
import { ImportProblems, ImportResult } from './import-report.tsx'
import { type UserImport, useUserImport } from './use-user-import.ts'
import styles from './user-import-page.module.css'

/** Creates users from a file: all of them, or nobody. */
export function UserImportPage(): JSX.Element {
  const t = useTranslations('people.import')
  const users = useUserImport()
  const isDone = users.report !== undefined && !users.report.dryRun && users.report.problemCount === 0
  return (
    <Page title={t('title')} lead={t('lead')}>
      <Link to="/admin/users" search={{}}>
        {t('toUsers')}
      </Link>
      {isDone ? (
        <Focused>
          <ImportResult report={users.report} onAgain={users.reset} />
        </Focused>
      ) : (
        <>
          <FileChoice users={users} />
          <Findings users={users} />
          <LostOnLeaving loss="import" when={users.busy === 'checking' || isReady(users)} />
          <LostOnLeaving loss="invitations" when={users.busy === 'creating'} />
        </>
      )}
    </Page>
  )
}

/** Its users wait to be created. */
function isReady({ busy, problem, report }: UserImport): boolean {
  return busy === undefined && problem === undefined && report?.problemCount === 0 && report.rows > 0
}

function FileChoice({ users }: { readonly users: UserImport }): JSX.Element {
  const t = useTranslations('people.import')
  const id = useId()
  const mayWrite = useMe().permissions.includes('users.write')
  return (
    <Card title={t('fileTitle')}>
      <Stack>
        {mayWrite ? null : <Notice>{t('readOnly')}</Notice>}
        <p id={`${id}-how`}>{t('how')}</p>
        <p>
          <code className={styles.example}>{EXAMPLE_FILE.trim()}</code>
        </p>
        <Row>
          <DownloadButton
            size="small"
            label={t('example')}
            fileName="users-example.csv"
            text={EXAMPLE_FILE}
            type="text/csv"
          />
        </Row>
        <Row>
          <FileButton
            label={t('file')}
            accept=".csv,text/csv"
            disabled={!mayWrite}
            aria-describedby={`${id}-how`}
            onFile={(file) => void users.check(file)}
          />
          {users.file === undefined ? null : <span className={styles.name}>{users.file.name}</span>}
        </Row>
      </Stack>
    </Card>
  )
}

function Findings({ users }: { readonly users: UserImport }): JSX.Element | null {
  const t = useTranslations('people.import')
  const problemText = useProblemText()
  const { report, problem, isTooLarge, busy, create } = users
  if (isTooLarge) return <Notice tone="danger">{t('tooLarge')}</Notice>
  if (problem !== undefined) return <Notice tone="danger">{problemText(problem)}</Notice>
  if (busy === 'checking') return <Skeleton lines={4} />
  if (report === undefined) return null
  if (report.problemCount > 0) return <ImportProblems report={report} />
  return (
    <Card title={t('readyTitle')}>
      <Stack>
        <p role="status">{t('ready', { count: report.rows })}</p>
        <Row>
          <Button
            variant="primary"
            busy={busy === 'creating'}
            disabled={report.rows === 0}
            onClick={() => void create()}
          >
            {t('create', { count: report.rows })}
          </Button>
        </Row>
      </Stack>
    </Card>
  )
}
