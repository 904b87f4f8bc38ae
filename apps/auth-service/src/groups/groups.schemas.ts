import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { pageQuery, pageQueryOf, pageView } from '../http/page.ts'
import { policyOverride } from '../policy/policy.schemas.ts'

const MAX_GROUPS = 200

/** A group's name. It has no `;`, which separates names in files, and begins like no formula of a spreadsheet. */
export const groupName = z
  .string()
  .trim()
  .normalize('NFC')
  .min(1)
  .max(64)
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{M}\p{N} .,'’()&_/@+-]*$/u,
    "must begin with a letter or digit, then also spaces and . , ' ( ) & _ / @ + -",
  )

export const listGroupsQuery = pageQueryOf(z.tuple([z.int(), uuid]))
export type ListGroupsQuery = z.infer<typeof listGroupsQuery>

export const createGroupRequest = z.strictObject({ name: groupName })
export type CreateGroupRequest = z.infer<typeof createGroupRequest>

export const changeGroupRequest = z.strictObject({ name: groupName.optional() })
export type ChangeGroupRequest = z.infer<typeof changeGroupRequest>

export const orderGroupsRequest = z.strictObject({
  groupIds: z.array(uuid).max(MAX_GROUPS).describe('every group of the tenant; the first decides first'),
  before: z
    .array(uuid)
    .max(MAX_GROUPS)
    .optional()
    .describe(
      'the order that this one was made from; refused with 409 changed-meanwhile when it is not the stored one',
    ),
})
export type OrderGroupsRequest = z.infer<typeof orderGroupsRequest>

export const groupView = z.strictObject({
  groupId: uuid,
  name: z.string(),
  position: z.int().describe('of the groups that a user is in, the one with the lowest position decides first'),
  members: z.int(),
  policy: policyOverride.describe("what differs from the tenant's policy"),
  createdAt: z.iso.datetime(),
})
export type GroupView = z.infer<typeof groupView>

export const groupPage = pageView(groupView)

export const listMembersQuery = pageQuery
export type ListMembersQuery = z.infer<typeof listMembersQuery>

export const memberView = z.strictObject({
  userId: uuid,
  username: z.string(),
  displayName: z.string().nullable(),
  disabled: z.boolean(),
  since: z.iso.datetime(),
})
export type MemberView = z.infer<typeof memberView>

export const memberPage = pageView(memberView)

/** More would make every decision slow and nobody could overlook them. */
export const GROUP_LIMIT = MAX_GROUPS
