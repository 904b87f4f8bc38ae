import fc from 'fast-check'
import { expect, it } from 'vitest'

import { formatFields, formatTable } from './table.ts'

const columns = [
  ['one', (row: readonly string[]) => row[0]],
  ['two', (row: readonly string[]) => row[1]],
] as const

it('aligns columns, and shows that something is not there', () => {
  expect(
    formatTable(
      columns,
      [
        ['a', 'bb'],
        ['ccccc', ''],
      ],
      undefined,
    ),
  ).toBe('ONE    TWO\na      bb\nccccc  -\n')
  expect(formatFields({ name: 'x', 'long name': true })).toBe('name       x\nlong name  yes\n')
})

it('fits every terminal that has room for the narrowest columns, and never breaks a line', () => {
  const cell = fc.string({ unit: 'grapheme', maxLength: 60 })
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 5 }), fc.integer({ min: 14, max: 100 }), (rows, width) => {
      const lines = formatTable(columns, rows, width).trimEnd().split('\n')
      expect(lines).toHaveLength(rows.length + 1)
      for (const line of lines) expect(Array.from(line).length).toBeLessThanOrEqual(width)
    }),
  )
})
