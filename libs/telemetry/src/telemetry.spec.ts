import { expect, it } from 'vitest'

import { createLogger } from './logger.ts'
import { Metrics } from './metrics.ts'

function logged(fields: object): unknown {
  const lines: string[] = []
  createLogger('test', 'info', { write: (line) => void lines.push(line) }).info(fields, 'sign-in')
  expect(lines).toHaveLength(1)
  return JSON.parse(lines[0] ?? '')
}

it('cuts secrets out of log lines by field name, however deep', () => {
  const secrets = { password: 'hunter2', list: [{ token: 'hunter3' }], a: { b: { c: { key: { of: 'hunter4' } } } } }
  const line = logged({ ...secrets, a: { ...secrets.a, tries: 3 } })
  expect(JSON.stringify(line)).not.toMatch(/hunter/)
  expect(line).toMatchObject({
    password: '[secret]',
    list: [{ token: '[secret]' }],
    a: { b: { c: { key: '[secret]' } }, tries: 3 },
  })
  const error = Object.assign(new Error('broken'), { request: { cookie: 'hunter6' } })
  for (const fields of [error, { cause: { error } }]) expect(JSON.stringify(logged(fields))).not.toMatch(/hunter/)
  const deep = { a: { b: { c: { d: { e: { f: { password: 'hunter5' } } } } } } }
  expect(logged(deep)).toMatchObject({ a: { b: { c: { d: { e: { f: '[too deep]' } } } } } })
})

it('leaves everything else as it is', () => {
  const at = new Date(0)
  const fields = { at, nothing: null, none: undefined, password: undefined, err: 'no token', list: [1, 'key'] }
  expect(logged(fields)).toMatchObject({ at: at.toJSON(), nothing: null, err: 'no token', list: [1, 'key'] })
  expect(logged(fields)).not.toHaveProperty('password')
  expect(logged(new RangeError('broken'))).toMatchObject({
    err: { type: 'RangeError', message: 'broken' },
    msg: 'sign-in',
  })
  const ring: Record<string, unknown> = { name: 'ring' }
  ring['self'] = ring
  expect(logged({ ring })).toMatchObject({ ring: { name: 'ring', self: { name: 'ring' } } })
})

it('shows every reason from the start, and counts', async () => {
  const metrics = new Metrics()
  const drops = metrics.reasonCounter('drops_total', 'Dropped packets.', ['replayed', 'too-short'])
  drops.increment('replayed')
  drops.increment('replayed', 2)
  expect(drops.values()).toEqual({ replayed: 3, 'too-short': 0 })
  expect(await metrics.text()).toContain('sallyport_drops_total{reason="too-short"} 0')
})
