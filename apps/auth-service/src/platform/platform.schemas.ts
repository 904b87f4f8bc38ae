import { serviceRole, uuid } from '@sallyport/contracts'
import { z } from 'zod'

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

export const serviceView = z.strictObject({
  serviceId: uuid,
  role: z.string(),
  name: z.string(),
  slot: z.int().nullable(),
  draining: z.boolean(),
  revoked: z.boolean(),
  certificateNotAfter: z.iso.datetime(),
  lastSeenAt: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
})
export type ServiceView = z.infer<typeof serviceView>
