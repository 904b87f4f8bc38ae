import { expect, it } from 'vitest'

import { chart } from './chart.ts'

const result = { name: 'stock-up-1', ours: 2, peer: 8, ratio: 0.25, unit: 'CPU s per GB', note: '' }

it('draws each result as two bars of the right lengths, with their values', () => {
  const svg = chart([result, { ...result, name: 'stock-down-1', ours: 4 }], 'CPU & bytes')
  const bars = [...svg.matchAll(/<rect x="130" [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width))
  expect(bars).toEqual([130, 520, 260, 520])
  expect(svg).toContain('2.00 CPU s per GB (0.25)')
  expect(svg).toContain('openvpn 8.00')
  expect(svg).toContain('<title>CPU &amp; bytes</title>')
})
