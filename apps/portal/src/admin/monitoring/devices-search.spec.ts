import { expect, it } from 'vitest'

import { certificateStateOf, devicesQueryOf, readDevicesSearch } from './devices-search.ts'

const NOW_MS = Date.parse('2026-11-23T12:00:00.000Z')

it('asks for devices that are not revoked when the address says nothing', () => {
  expect(devicesQueryOf(readDevicesSearch({}), NOW_MS)).toEqual({ state: 'active' })
})

it('asks for certificates that end within thirty days, or have ended', () => {
  expect(devicesQueryOf(readDevicesSearch({ expiring: 'soon', state: 'all' }), NOW_MS)).toEqual({
    expiresBefore: '2026-12-23T12:00:00.000Z',
  })
  expect(devicesQueryOf(readDevicesSearch({ expiring: 'over', search: 'anna' }), NOW_MS)).toEqual({
    state: 'active',
    search: 'anna',
    expiresBefore: '2026-11-23T12:00:00.000Z',
  })
})

it('leaves out of the address what the list does not know', () => {
  expect(readDevicesSearch({ expiring: 'never', state: 'active', page: 2 })).toEqual({})
})

it.each([
  ['2026-11-23T12:00:00.000Z', 'over'],
  ['2026-11-23T12:00:00.001Z', 'soon'],
  ['2026-12-23T12:00:00.000Z', 'soon'],
  ['2026-12-23T12:00:00.001Z', 'good'],
] as const)('calls a certificate that ends at %s %s', (notAfter, state) => {
  expect(certificateStateOf(notAfter, NOW_MS)).toBe(state)
})
