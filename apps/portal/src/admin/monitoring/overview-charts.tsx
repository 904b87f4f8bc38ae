import type { JSX } from 'react'
import { Area, AreaChart, Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts'
import { useFormatter } from 'use-intl'

import styles from './overview.module.css'
import type { ChartProps } from './overview-chart-cards.tsx'
import { highestOf, type Piece, ticksUpTo } from './overview-series.ts'

const COLOURS = { connections: 'var(--chart-1)', admitted: 'var(--chart-1)', refused: 'var(--chart-2)' } as const
const MARGIN = { top: 8, right: 16, bottom: 0, left: 0 }
const TICK = { fill: 'var(--text-muted)', fontSize: 12 }
const AXIS_WIDTH = 40
const TICK_GAP = 36

/** Draws a level over the time. */
export function LevelChart(props: ChartProps): JSX.Element {
  const { series, lines, summary } = props
  return (
    <figure className={styles.figure}>
      <ResponsiveContainer>
        <AreaChart data={series} margin={MARGIN} title={summary} aria-label={summary}>
          {axesOf(props)}
          {lines.map(({ key, name }) => (
            <Area
              key={key}
              dataKey={key}
              name={name}
              type="stepAfter"
              stroke={COLOURS[key]}
              fill={COLOURS[key]}
              fillOpacity={0.16}
              strokeWidth={2}
              isAnimationActive={false}
            />
          ))}
        </AreaChart>
      </ResponsiveContainer>
    </figure>
  )
}

/** Draws counts of each piece of time on top of each other. */
export function CountsChart(props: ChartProps): JSX.Element {
  const { series, lines, summary } = props
  return (
    <figure className={styles.figure}>
      <ResponsiveContainer>
        <BarChart data={series} margin={MARGIN} title={summary} aria-label={summary} barCategoryGap={1}>
          {axesOf(props)}
          {lines.map(({ key, name }) => (
            <Bar key={key} dataKey={key} name={name} stackId="all" fill={COLOURS[key]} isAnimationActive={false} />
          ))}
        </BarChart>
      </ResponsiveContainer>
      <Legend {...props} />
    </figure>
  )
}

/** Charts look for their axes among their children: these are no component of their own. */
function axesOf(props: ChartProps): JSX.Element {
  const ticks = ticksUpTo(highestOf(props.series, props.lines))
  return (
    <>
      <CartesianGrid vertical={false} stroke="var(--line)" />
      <XAxis
        dataKey="at"
        tickFormatter={props.timeOf}
        tick={TICK}
        tickLine={false}
        axisLine={{ stroke: 'var(--line-strong)' }}
        minTickGap={TICK_GAP}
        interval="equidistantPreserveStart"
      />
      <YAxis
        ticks={ticks}
        domain={[0, ticks.at(-1) ?? 1]}
        interval={0}
        width={AXIS_WIDTH}
        tick={TICK}
        tickLine={false}
        axisLine={false}
      />
      <Tooltip
        isAnimationActive={false}
        cursor={{ fill: 'var(--surface-hover)', stroke: 'var(--line-strong)' }}
        content={({ active, label }) => (
          <Tip {...props} piece={active ? props.series.find(({ at }) => at === label) : undefined} />
        )}
      />
    </>
  )
}

function Tip({ piece, lines, exactTimeOf }: ChartProps & { readonly piece: Piece | undefined }): JSX.Element | null {
  const format = useFormatter()
  if (piece === undefined) return null
  return (
    <div className={styles.tip}>
      <strong>{exactTimeOf(piece.at)}</strong>
      {lines.map(({ key, name }) => (
        <span key={key} className={styles.legendEntry}>
          <Mark of={key} />
          {name}: {format.number(piece[key])}
        </span>
      ))}
    </div>
  )
}

function Legend({ lines }: ChartProps): JSX.Element {
  return (
    <figcaption className={styles.legend}>
      {lines.map(({ key, name }) => (
        <span key={key} className={styles.legendEntry}>
          <Mark of={key} />
          {name}
        </span>
      ))}
    </figcaption>
  )
}

function Mark({ of }: { readonly of: keyof typeof COLOURS }): JSX.Element {
  return (
    <svg width={12} height={12} aria-hidden="true">
      <rect width={12} height={12} rx={3} fill={COLOURS[of]} />
    </svg>
  )
}
