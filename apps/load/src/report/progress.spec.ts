import { expect, it } from 'vitest'

import { FleetStatistics } from '../fleet/fleet-statistics.ts'
import { ProgressReport } from './progress.ts'

it('tells once a second how many connected in it', () => {
  const statistics = new FleetStatistics()
  const lines: string[] = []
  const fleet = { size: 10, connecting: 1, connected: 2, statistics }
  const report = new ProgressReport(fleet, 0, (line) => lines.push(line))
  for (let nowMs = 0; nowMs <= 2_500; nowMs += 100) {
    if (nowMs === 500 || nowMs === 700) statistics.noteConnected(true, 1, nowMs)
    if (nowMs === 1_500) statistics.refusals.add('refused')
    report.advance(nowMs)
  }
  expect(lines).toEqual([
    '    1 s  connecting  2 of 10 connected  1 on the way  2 a second  0 refused  0 lost',
    '    2 s  connecting  2 of 10 connected  1 on the way  0 a second  1 refused  0 lost',
  ])
})
