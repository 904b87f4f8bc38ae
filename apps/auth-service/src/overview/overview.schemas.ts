import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { pageQueryOf, pageView } from '../http/page.ts'

const count = z.int().min(0)

/** How full the address pool of a network is. */
export const poolUse = z.strictObject({
  networkId: uuid,
  name: z.string(),
  family: z.literal(4).describe('of the addresses that run out; the IPv6 address of a lease is made from its IPv4 one'),
  size: count.describe('addresses that can be leased at once'),
  leased: count,
})
export type PoolUse = z.infer<typeof poolUse>

/** The same with its tenant. */
export const platformPoolUse = poolUse.extend({ tenantId: uuid, tenantSlug: z.string() })

const unlessAway = 'null while the ip-allocator does not tell'

/** The same where nothing but its fill is unknown without the allocator. */
export const platformPoolView = platformPoolUse.extend({
  size: poolUse.shape.size.nullable().meta({ description: `addresses that can be leased at once; ${unlessAway}` }),
  leased: poolUse.shape.leased.nullable().meta({ description: unlessAway }),
})
export type PlatformPoolView = z.infer<typeof platformPoolView>
export const platformPoolPage = pageView(platformPoolView)

/** Query of the pools of all tenants, in the order of the tenants' short names and the networks' names. */
export const listPoolsQuery = pageQueryOf(z.tuple([z.string(), z.string()]))
export type ListPoolsQuery = z.infer<typeof listPoolsQuery>

export const overviewQuery = z.strictObject({
  range: z
    .enum(['day', 'week'])
    .default('day')
    .describe('day: 48 pieces of half an hour; week: 56 of three hours; the last one is not over'),
})
export type OverviewQuery = z.infer<typeof overviewQuery>
export type OverviewRange = OverviewQuery['range']

export const overviewView = z.strictObject({
  from: z.iso.datetime().describe('the beginning of the series'),
  to: z.iso.datetime().describe('the time of the answer'),
  bucketSeconds: z.int(),
  connectedNow: count.describe('open connections, but those of nodes that are silent'),
  connectedUsers: count,
  series: z
    .array(
      z.strictObject({
        at: z.iso.datetime().describe('where the piece of time begins: whole in UTC, whatever the zone of the reader'),
        connections: count.describe(
          'the most that were open at once, looked at every minute; of a week every six minutes',
        ),
        admitted: count.describe('connections that were let in'),
        refused: count.describe('attempts that were refused; questions for a second factor are none'),
      }),
    )
    .describe('every piece of the range, also those in which nothing happened'),
  failures: z
    .array(z.strictObject({ code: z.string().meta({ examples: ['wrong-otp'] }), count }))
    .describe('why attempts to connect were refused in the range, the most frequent first'),
  enrolment: z
    .strictObject({
      users: count,
      withFactor: count.describe('have a second factor'),
      withDevice: count.describe('have a device that is not revoked'),
      invited: count.describe('have not chosen a password yet'),
    })
    .describe('of the users that are not disabled'),
  expiring: z
    .strictObject({ within30Days: count.describe('are good still'), expired: count })
    .describe('certificates of devices that are not revoked'),
  pools: z.array(poolUse).nullable().describe('null while the ip-allocator does not answer'),
})
export type OverviewView = z.infer<typeof overviewView>

export const platformOverviewView = z.strictObject({
  tenants: count.describe('that are not suspended'),
  nodes: count.describe('that are not revoked'),
  nodesSilent: count.describe('of these, not heard for a minute'),
  connections: count.describe('open connections, but those of nodes that are silent'),
  poolCount: count.nullable().describe('how many pools there are; null while the ip-allocator does not answer'),
  pools: z.array(platformPoolUse).nullable().describe('the 100 fullest; null while the ip-allocator does not answer'),
})
export type PlatformOverviewView = z.infer<typeof platformOverviewView>
