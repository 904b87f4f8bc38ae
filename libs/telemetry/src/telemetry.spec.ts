import { expect, it } from 'vitest'

import { createLogger } from './logger.ts'
import { Metrics } from './metrics.ts'

it('cuts secrets out of log lines by field name', () => {
  const lines: string[] = []
  const log = createLogger('test', 'info', { write: (line) => void lines.push(line) })
  log.info({ password: 'hunter2', user: { token: 'hunter3' } }, 'sign-in')
  expect(lines.join()).toContain('[secret]')
  expect(lines.join()).not.toMatch(/hunter/)
})

it('shows every reason from the start, and counts', async () => {
  const metrics = new Metrics()
  const drops = metrics.reasonCounter('drops_total', 'Dropped packets.', ['replayed', 'too-short'])
  drops.increment('replayed')
  drops.increment('replayed', 2)
  expect(drops.values()).toEqual({ replayed: 3, 'too-short': 0 })
  expect(await metrics.text()).toContain('sallyport_drops_total{reason="too-short"} 0')
})
