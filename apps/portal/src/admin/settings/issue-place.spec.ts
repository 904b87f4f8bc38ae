import { ApiRefusedError } from '@sallyport/api-client'
import { expect, it } from 'vitest'

import { issuePlaceOf } from './issue-place.ts'

const refusal = (...paths: string[]) =>
  new ApiRefusedError(400, 'bad-request', 'Not valid.', {
    issues: paths.map((path) => ({ path, message: 'is wrong' })),
    parameters: {},
  })

it('finds the field, or the entry of its list', () => {
  expect(issuePlaceOf(refusal('ipv4'), 'ipv4')).toEqual({ entry: undefined })
  expect(issuePlaceOf(refusal('name', 'routes.2'), 'routes')).toEqual({ entry: 2 })
  expect(issuePlaceOf(refusal('dnsServers.0'), 'dns')).toBeUndefined()
  expect(issuePlaceOf(refusal(), 'routes')).toBeUndefined()
  expect(issuePlaceOf(new Error('something else'), 'routes')).toBeUndefined()
})
