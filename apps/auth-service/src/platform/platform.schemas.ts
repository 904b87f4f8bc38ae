import { serviceRole, uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { byCreationQuery } from '../http/by-creation.ts'
import { pageView } from '../http/page.ts'

const MAX_JOIN_TOKEN_SECONDS = 7 * 24 * 3600

/** Roles that are enrolled with a join token. */
export const enrolledRole = serviceRole.exclude(['auth-service'])
export type EnrolledRole = z.infer<typeof enrolledRole>

export const serviceName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and hyphens')

export const createJoinTokenRequest = z.strictObject({
  role: enrolledRole,
  name: serviceName,
  expiresInSeconds: z.int().positive().max(MAX_JOIN_TOKEN_SECONDS).default(3600),
})
export type CreateJoinTokenRequest = z.infer<typeof createJoinTokenRequest>

export const joinTokenView = z.strictObject({ joinToken: z.string(), expiresAt: z.iso.datetime() })
export type JoinTokenView = z.infer<typeof joinTokenView>

/** How a node is, the worst first. */
export const NODE_HEALTHS = ['revoked', 'never-seen', 'silent', 'draining', 'healthy'] as const
export type NodeHealth = (typeof NODE_HEALTHS)[number]

export const serviceView = z.strictObject({
  serviceId: uuid,
  role: z.string(),
  name: z.string(),
  slot: z.int().nullable(),
  draining: z.boolean(),
  revoked: z.boolean(),
  health: z
    .enum(NODE_HEALTHS)
    .nullable()
    .describe('silent: not heard for a minute; null for a service that is no node and not revoked'),
  version: z.string().nullable().describe('of the program, as the node told last'),
  startedAt: z.iso.datetime().nullable().describe('of its process, as the node told last'),
  connections: z.int().min(0).nullable().describe('that it carries; null while nobody knows'),
  capacity: z.int().min(0).nullable().describe('connections that it has room for'),
  cpuShare: z.number().min(0).max(1).nullable().describe('of all its processors, lately; null while nobody knows'),
  certificateNotAfter: z.iso.datetime(),
  lastSeenAt: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
})
export type ServiceView = z.infer<typeof serviceView>

export const servicePage = pageView(serviceView)

export const listServicesQuery = byCreationQuery.extend({
  role: enrolledRole.optional(),
  state: z
    .enum(['active', 'draining', 'revoked'])
    .optional()
    .describe('active: of the cluster, and not a node that is drained'),
})
export type ListServicesQuery = z.infer<typeof listServicesQuery>
