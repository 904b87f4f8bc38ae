import { ApiRefusedError } from '@sallyport/api-client'
import { expect, it } from 'vitest'

import { hasIssue, issuePlaceOf } from './issue-place.ts'

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

it('tells a field that is wrong from others whose names begin alike', () => {
  expect(hasIssue(refusal('namespaces.1'), 'namespaces')).toBe(true)
  expect(hasIssue(refusal('administrator.username'), 'administrator.username')).toBe(true)
  expect(hasIssue(refusal('ipv4Pool', 'name'), 'ipv4')).toBe(false)
  expect(hasIssue(undefined, 'name')).toBe(false)
})
