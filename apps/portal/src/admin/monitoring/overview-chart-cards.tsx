import { type JSX, lazy, type ReactNode, Suspense, useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'

import { lazyPart } from '../../api/lazy-part.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/layout.tsx'
import styles from './overview.module.css'
import { type Overview, type Piece, totalsOf } from './overview-series.ts'

/** What a chart draws of each piece of time. */
interface ChartLine {
  readonly key: 'connections' | 'admitted' | 'refused'
  readonly name: string
}

/** A chart is drawn with these; its words come with the data. */
export interface ChartProps {
  readonly series: readonly Piece[]
  readonly lines: readonly ChartLine[]
  /** Says everything in a sentence. */
  readonly summary: string
  readonly timeOf: (at: string) => string
  readonly exactTimeOf: (at: string) => string
}

const Charts = {
  level: lazy(async () => ({ default: (await lazyPart(() => import('./overview-charts.tsx'))).LevelChart })),
  counts: lazy(async () => ({ default: (await lazyPart(() => import('./overview-charts.tsx'))).CountsChart })),
}

interface OverviewChartsProps {
  readonly overview: Overview | undefined
  readonly range: 'day' | 'week'
}

/** Shows what happened over the time, as charts or as tables. */
export function OverviewCharts({ overview, range }: OverviewChartsProps): JSX.Element {
  const t = useTranslations('monitoring.overview')
  const { peak, admitted, refused } = totalsOf(overview?.series ?? [])
  const both = { series: overview?.series, range }
  return (
    <div className={styles.charts}>
      <ChartCard
        {...both}
        kind="level"
        title={t('connectionsTitle')}
        lead={t('connectionsLead')}
        summary={t('connectionsSummary', { peak })}
        lines={[{ key: 'connections', name: t('chartConnections') }]}
      />
      <ChartCard
        {...both}
        kind="counts"
        title={t('attemptsTitle')}
        lead={t('attemptsLead')}
        summary={t('attemptsSummary', { admitted, refused })}
        lines={[
          { key: 'admitted', name: t('admitted') },
          { key: 'refused', name: t('refused') },
        ]}
      />
    </div>
  )
}

interface ChartCardProps extends Omit<ChartProps, 'series' | 'timeOf' | 'exactTimeOf'> {
  readonly kind: keyof typeof Charts
  readonly title: string
  readonly lead: string
  readonly range: 'day' | 'week'
  readonly series: readonly Piece[] | undefined
}

function ChartCard({ kind, title, lead, range, series, ...words }: ChartCardProps): JSX.Element {
  const t = useTranslations('monitoring.overview')
  const format = useFormatter()
  const [isTable, setTable] = useState(false)
  const timeOf = (at: string): string =>
    format.dateTime(
      new Date(at),
      range === 'day' ? { hour: 'numeric', minute: '2-digit' } : { weekday: 'short', hour: 'numeric' },
    )
  const exactTimeOf = (at: string): string =>
    format.dateTime(new Date(at), { weekday: 'short', hour: 'numeric', minute: '2-digit' })
  const props = { ...words, timeOf, exactTimeOf }
  const Chart = Charts[kind]
  return (
    <Card
      title={title}
      lead={lead}
      actions={
        <Button
          size="small"
          onClick={() => {
            setTable(!isTable)
          }}
        >
          {isTable ? t('asChart') : t('asTable')}
        </Button>
      }
    >
      <Area isTable={isTable} title={title}>
        {series === undefined ? null : isTable ? (
          <SeriesTable {...props} title={title} series={series} />
        ) : (
          <Suspense>
            <Chart {...props} series={series} />
          </Suspense>
        )}
      </Area>
    </Card>
  )
}

/** As high with a chart, with a table, and while either loads. */
function Area({
  isTable,
  title,
  children,
}: {
  readonly isTable: boolean
  readonly title: string
  readonly children: ReactNode
}): JSX.Element {
  const t = useTranslations('monitoring.overview')
  if (!isTable) return <div className={styles.chart}>{children}</div>
  return (
    <div className={styles.chart} role="region" aria-label={t('tableOf', { title })} tabIndex={0}>
      {children}
    </div>
  )
}

function SeriesTable({
  title,
  series,
  lines,
  exactTimeOf,
}: Omit<ChartProps, 'summary' | 'timeOf'> & { readonly title: string }): JSX.Element {
  const t = useTranslations('monitoring.overview')
  const format = useFormatter()
  return (
    <table className={styles.table}>
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">{t('chartTime')}</th>
          {lines.map(({ key, name }) => (
            <th key={key} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {series.toReversed().map((piece) => (
          <tr key={piece.at}>
            <th scope="row">
              <time dateTime={piece.at}>{exactTimeOf(piece.at)}</time>
            </th>
            {lines.map(({ key }) => (
              <td key={key}>{format.number(piece[key])}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
