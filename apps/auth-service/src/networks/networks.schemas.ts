import { uuid } from '@sallyport/contracts'
import { formatAddress, formatCidr, parseAddress, parseCidr } from '@sallyport/ip-network'
import { z } from 'zod'

import { byCreationQuery } from '../http/by-creation.ts'
import { pageView } from '../http/page.ts'
import { HOST_NAMESPACE, namespaceName } from '../tenants/namespaces.ts'
import { reservationOf, reservationTouching } from './reserved-blocks.ts'

const MAX_ITEMS = 64
const FAMILY_BITS = { 4: 32, 6: 128 } as const

/** Reads a block, a pool's when it has a family or else a route's, and writes it in its one canonical form. */
const cidr = (family: 4 | 6 | undefined) =>
  z
    .string()
    .max(64)
    .transform((text, context) => {
      const parsed = parseCidr(text)
      if (parsed === undefined || (family !== undefined && parsed.family !== family)) {
        const example = family === 6 ? 'fd00:8::/112' : '10.8.0.0/24'
        context.addIssue({ code: 'custom', message: `is not a block like ${example} (host bits must be zero)` })
        return z.NEVER
      }
      const use = family === undefined ? reservationOf(parsed) : reservationTouching(parsed)
      if (use === undefined) return formatCidr(parsed)
      context.addIssue({ code: 'custom', message: `must not be in a block of ${use} addresses` })
      return z.NEVER
    })

const ipAddress = z
  .string()
  .max(64)
  .transform((text, context) => {
    const parsed = parseAddress(text)
    if (parsed !== undefined) return formatAddress(parsed)
    context.addIssue({ code: 'custom', message: 'is not an IP address' })
    return z.NEVER
  })

const domain = z
  .string()
  .toLowerCase()
  .max(253)
  .regex(/^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'is not a domain name')

const routes = z.array(cidr(undefined)).max(MAX_ITEMS)
const dnsServers = z.array(ipAddress).max(8)
const dnsDomains = z.array(domain).max(10)
const dnsResolveDomains = dnsDomains.describe('only names below these are asked of the DNS servers; empty: all names')
const blockOutsideDns = z.boolean().describe('Windows clients ask no resolver outside the tunnel')
const blockIpv6 = z.boolean().describe('clients send no IPv6 past the tunnel')
const inactiveSeconds = z
  .int()
  .min(60)
  .max(7 * 24 * 3600)
  .nullable()
  .describe('a client that moved no data for so long leaves by itself')
const packetsPerSecond = z.int().min(10).max(10_000_000).nullable().describe('packets a second; null: no limit')
/** Less than 64 kbit/s would not carry a handshake of the applications inside. */
const kilobitsPerSecond = z.int().min(64).max(100_000_000).nullable().describe('kilobits a second; null: no limit')

/** Whether a pool block has a size that addresses can be leased from. */
function hasUsableSize(text: string): boolean {
  const parsed = parseCidr(text)
  if (parsed === undefined) return true
  return parsed.family === 6 || (parsed.prefixLength >= 8 && parsed.prefixLength <= 30)
}

/** An IPv6 address of a lease has the low bits of its IPv4 address: the IPv6 block must have room for them. */
function hasRoomForIpv4(ipv6: string | undefined, ipv4: string): boolean {
  const [small, large] = [parseCidr(ipv4), ipv6 === undefined ? undefined : parseCidr(ipv6)]
  if (small === undefined || large === undefined) return true
  return FAMILY_BITS[6] - large.prefixLength >= FAMILY_BITS[4] - small.prefixLength
}

export const createNetworkRequest = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/, 'must be lower-case letters, digits and hyphens'),
    ipv4: cidr(4).refine(hasUsableSize, 'must be between /8 and /30'),
    ipv6: cidr(6).optional(),
    namespace: namespaceName.nullish().transform((name) => name ?? HOST_NAMESPACE),
    routes: routes.default([]),
    dnsServers: dnsServers.default([]),
    dnsDomains: dnsDomains.default([]),
    dnsResolveDomains: dnsResolveDomains.default([]),
    blockOutsideDns: blockOutsideDns.default(false),
    blockIpv6: blockIpv6.default(false),
    inactiveSeconds: inactiveSeconds.default(null),
    uploadKilobitsPerSecond: kilobitsPerSecond.default(null),
    downloadKilobitsPerSecond: kilobitsPerSecond.default(null),
    uploadPacketsPerSecond: packetsPerSecond.default(null),
    downloadPacketsPerSecond: packetsPerSecond.default(null),
  })
  .refine(({ ipv6, ipv4 }) => hasRoomForIpv4(ipv6, ipv4), {
    path: ['ipv6'],
    message: 'must have room for as many addresses as the IPv4 block',
  })
export type CreateNetworkRequest = z.infer<typeof createNetworkRequest>

export const changeNetworkRequest = z.strictObject({
  routes: routes.exactOptional(),
  dnsServers: dnsServers.exactOptional(),
  dnsDomains: dnsDomains.exactOptional(),
  dnsResolveDomains: dnsResolveDomains.exactOptional(),
  blockOutsideDns: blockOutsideDns.exactOptional(),
  blockIpv6: blockIpv6.exactOptional(),
  inactiveSeconds: inactiveSeconds.exactOptional(),
  uploadKilobitsPerSecond: kilobitsPerSecond.exactOptional(),
  downloadKilobitsPerSecond: kilobitsPerSecond.exactOptional(),
  uploadPacketsPerSecond: packetsPerSecond.exactOptional(),
  downloadPacketsPerSecond: packetsPerSecond.exactOptional(),
})
export type ChangeNetworkRequest = z.infer<typeof changeNetworkRequest>

export const networkView = z.strictObject({
  networkId: uuid,
  name: z.string(),
  ipv4: z.string(),
  ipv6: z.string().nullable(),
  namespace: z.string(),
  routes: z.array(z.string()),
  dnsServers: z.array(z.string()),
  dnsDomains: z.array(z.string()),
  dnsResolveDomains: z.array(z.string()),
  blockOutsideDns: z.boolean(),
  blockIpv6: z.boolean(),
  inactiveSeconds: z.int().nullable(),
  uploadKilobitsPerSecond: z.int().nullable(),
  downloadKilobitsPerSecond: z.int().nullable(),
  uploadPacketsPerSecond: z.int().nullable(),
  downloadPacketsPerSecond: z.int().nullable(),
})
export type NetworkView = z.infer<typeof networkView>

export const networkPage = pageView(networkView)

const networkName = z.strictObject({ networkId: uuid, name: z.string() })
export type NetworkName = z.infer<typeof networkName>
export const networkNamePage = pageView(networkName)

export const listNetworksQuery = byCreationQuery
export type ListNetworksQuery = z.infer<typeof listNetworksQuery>
