import { type JSX, useState } from 'react'
import { useTranslations } from 'use-intl'

import { LostOnLeaving, useLeave } from '../../session/leaving.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { DownloadButton } from '../../ui/download-button.tsx'
import { Card, Muted, Row, Stack } from '../../ui/layout.tsx'
import { Notice } from '../../ui/notice.tsx'
import { DataTable, Pager } from '../../ui/table.tsx'
import { invitationsFile } from './import-files.ts'
import { useRowProblemText } from './row-problem-text.ts'
import type { ImportReport } from './use-user-import.ts'

const PAGE_SIZE = 50

/** Gives a page of what is known whole. */
function usePart<Item>(items: readonly Item[]): { part: readonly Item[]; pager: JSX.Element } {
  const [page, setPage] = useState(0)
  const go = (to: number) => () => {
    setPage(to)
  }
  const isLast = (page + 1) * PAGE_SIZE >= items.length
  return {
    part: items.slice(page * PAGE_SIZE, (page + 1) * PAGE_SIZE),
    pager: <Pager previous={page === 0 ? undefined : go(page - 1)} next={isLast ? undefined : go(page + 1)} />,
  }
}

/** Lists what is wrong with a file; nobody was created. */
export function ImportProblems({ report }: { readonly report: ImportReport }): JSX.Element {
  const t = useTranslations('people.import')
  const problemText = useRowProblemText()
  const { problems, problemCount } = report
  const { part, pager } = usePart(problems)
  return (
    <Card title={t('problemsTitle')}>
      <Stack>
        <Notice tone="danger">{t('problems', { count: problemCount })}</Notice>
        <DataTable
          caption={t('problemList')}
          columns={[
            { header: t('place'), cell: ({ line }) => t('line', { line }) },
            { header: t('problem'), cell: problemText },
          ]}
          items={part}
          keyOf={({ line, problem }) => `${String(line)} ${problem}`}
          empty={null}
        />
        {pager}
        {problems.length < problemCount ? <Muted>{t('moreProblems', { count: problems.length })}</Muted> : null}
      </Stack>
    </Card>
  )
}

interface ImportResultProps {
  readonly report: ImportReport
  readonly onAgain: () => void
}

/** Gives the invitations of who was created, this once. */
export function ImportResult({ report, onAgain }: ImportResultProps): JSX.Element {
  const t = useTranslations('people.import')
  const { part, pager } = usePart(report.users)
  const mailed = report.users.filter(({ invitation }) => invitation.mailed).length
  const [isSaved, setSaved] = useState(false)
  const leave = useLeave()
  return (
    <Card title={t('doneTitle', { count: report.created })}>
      <LostOnLeaving loss="invitations" when={!isSaved && mailed < report.users.length} />
      <Stack>
        <Notice tone="warning" title={t('downloadNow')}>
          {t('mailed', { mailed, count: report.created })}
        </Notice>
        <Row>
          <DownloadButton
            label={t('download')}
            fileName="invitations.csv"
            text={invitationsFile(report.users)}
            type="text/csv"
            onSaved={() => {
              setSaved(true)
            }}
          />
          <Button
            onClick={() => {
              leave(onAgain)
            }}
          >
            {t('again')}
          </Button>
        </Row>
        <DataTable
          caption={t('invitationList')}
          columns={[
            { header: t('user'), cell: ({ username }) => username },
            {
              header: t('invitation'),
              cell: ({ invitation }) =>
                invitation.mailed ? <Badge tone="success">{t('isMailed')}</Badge> : <Badge>{t('isInFile')}</Badge>,
            },
          ]}
          items={part}
          keyOf={({ userId }) => userId}
          empty={null}
        />
        {pager}
      </Stack>
    </Card>
  )
}
