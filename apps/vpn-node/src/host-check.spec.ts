import { expect, it } from 'vitest'

import { missingCapabilities } from './host-check.ts'

it('names the capabilities that are not in effect', () => {
  expect(missingCapabilities('Name:\tnode\n')).toEqual(['CAP_NET_ADMIN', 'CAP_SYS_ADMIN'])
  expect(missingCapabilities('CapPrm:\t000001ffffffffff\nCapEff:\t0000000000001000\n')).toEqual(['CAP_SYS_ADMIN'])
})

it('is content with all capabilities', () => {
  expect(missingCapabilities('CapEff:\t000001ffffffffff\n')).toEqual([])
})
