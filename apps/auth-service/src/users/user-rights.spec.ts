import { expect, it } from 'vitest'

import { type Permission, permissionsOf, type Role, ROLES } from '../http/permissions.ts'
import { mayManage, refuseGreater, refuseGreaterRole } from './user-rights.ts'

const actorOf = (role: Role) => ({ permissions: permissionsOf(role) })
const manageable = (permissions: ReadonlySet<Permission>) => ROLES.filter((role) => mayManage({ permissions }, role))

it('lets everybody manage only who may not do more than they', () => {
  expect(manageable(permissionsOf('operator'))).toEqual(['operator', 'administrator', 'auditor', 'user'])
  expect(manageable(permissionsOf('administrator'))).toEqual(['administrator', 'auditor', 'user'])
  expect(manageable(permissionsOf('auditor'))).toEqual(['auditor', 'user'])
})

it('lets a token that may only write users manage plain users', () => {
  expect(manageable(new Set(['users.write']))).toEqual(['user'])
})

it('takes an operator outside the platform’s tenant for a plain user', () => {
  const operator = (isPlatform: boolean) => ({ role: 'operator', tenant: { isPlatform } })
  expect(() => {
    refuseGreater(actorOf('administrator'), operator(true))
  }).toThrow(/may do more than you/)
  expect(() => {
    refuseGreater(actorOf('administrator'), operator(false))
  }).not.toThrow()
})

it('gives nobody the role of an operator outside the platform’s tenant', () => {
  expect(() => {
    refuseGreaterRole(actorOf('operator'), 'operator', false)
  }).toThrow(/"operator"/)
  expect(() => {
    refuseGreaterRole(actorOf('operator'), 'operator', true)
  }).not.toThrow()
})
