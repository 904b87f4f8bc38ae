import type { operations } from '@sallyport/api-client'

/** A network of the tenant. */
export type Network = operations['networksList']['responses'][200]['content']['application/json']['items'][number]
/** What a new network is made of. */
export type NewNetwork = operations['networksCreate']['requestBody']['content']['application/json']
/** What can be changed of one. */
export type NetworkChange = operations['networksChange']['requestBody']['content']['application/json']

/** The limits that a network may have; an empty text is none. */
export const NETWORK_LIMITS = {
  inactiveSeconds: { min: 60, max: 604_800 },
  uploadKilobitsPerSecond: { min: 64, max: 100_000_000 },
  downloadKilobitsPerSecond: { min: 64, max: 100_000_000 },
  uploadPacketsPerSecond: { min: 10, max: 10_000_000 },
  downloadPacketsPerSecond: { min: 10, max: 10_000_000 },
} as const

/** One of them. */
export type NetworkLimit = keyof typeof NETWORK_LIMITS
/** The lists of a network, one entry a line. */
export const NETWORK_LISTS = ['routes', 'dnsServers', 'dnsDomains', 'dnsResolveDomains'] as const
type NetworkList = (typeof NETWORK_LISTS)[number]

/** A network as it stands in a form. */
export type NetworkDraft = Readonly<
  Record<NetworkList | NetworkLimit | 'name' | 'ipv4' | 'ipv6' | 'namespace', string>
> & {
  readonly blockOutsideDns: boolean
  readonly blockIpv6: boolean
}

/** A form for a new network. */
export const EMPTY_NETWORK: NetworkDraft = {
  ...{ name: '', ipv4: '', ipv6: '', namespace: '' },
  ...{ routes: '', dnsServers: '', dnsDomains: '', dnsResolveDomains: '' },
  ...{ blockOutsideDns: false, blockIpv6: false, inactiveSeconds: '' },
  ...{ uploadKilobitsPerSecond: '', downloadKilobitsPerSecond: '' },
  ...{ uploadPacketsPerSecond: '', downloadPacketsPerSecond: '' },
}

/** Writes a network into a form. */
export function networkDraftOf(network: Network): NetworkDraft {
  const { name, ipv4, ipv6, namespace, blockOutsideDns, blockIpv6 } = network
  const limit = (value: number | null): string => (value === null ? '' : String(value))
  return {
    ...{ name, ipv4, ipv6: ipv6 ?? '', namespace, blockOutsideDns, blockIpv6 },
    routes: network.routes.join('\n'),
    dnsServers: network.dnsServers.join('\n'),
    dnsDomains: network.dnsDomains.join('\n'),
    dnsResolveDomains: network.dnsResolveDomains.join('\n'),
    inactiveSeconds: limit(network.inactiveSeconds),
    uploadKilobitsPerSecond: limit(network.uploadKilobitsPerSecond),
    downloadKilobitsPerSecond: limit(network.downloadKilobitsPerSecond),
    uploadPacketsPerSecond: limit(network.uploadPacketsPerSecond),
    downloadPacketsPerSecond: limit(network.downloadPacketsPerSecond),
  }
}

/** A form over a network: what it has, and what it began with. */
export interface NetworkForm {
  readonly before: NetworkDraft
  readonly draft: NetworkDraft
}

/** The fields that can be changed of a network. */
export const NETWORK_CHANGES = [
  ...NETWORK_LISTS,
  ...(['blockOutsideDns', 'blockIpv6', 'inactiveSeconds'] as const),
  ...(['uploadKilobitsPerSecond', 'downloadKilobitsPerSecond'] as const),
  ...(['uploadPacketsPerSecond', 'downloadPacketsPerSecond'] as const),
] as const
/** One of them. */
export type NetworkField = (typeof NETWORK_CHANGES)[number]

/** Brings a form up to what others have saved meanwhile, but for what was touched in it. Gives the same form if nothing was. */
export function followNetwork(form: NetworkForm, stored: NetworkDraft): NetworkForm {
  const { before, draft } = form
  const follows = NETWORK_CHANGES.filter(
    (field) => before[field] !== stored[field] && (draft[field] === before[field] || draft[field] === stored[field]),
  )
  return follows.length === 0 ? form : withStored(form, stored, follows)
}

/** Names what was touched in a form and what somebody else has saved another value of since it began. */
export function networkConflicts({ before, draft }: NetworkForm, stored: NetworkDraft): readonly NetworkField[] {
  return NETWORK_CHANGES.filter(
    (field) => draft[field] !== before[field] && stored[field] !== before[field] && stored[field] !== draft[field],
  )
}

/** Gives fields of a form up for what is stored. */
export function withStored(form: NetworkForm, stored: NetworkDraft, fields: readonly NetworkField[]): NetworkForm {
  const values = Object.fromEntries(fields.map((field) => [field, stored[field]]))
  return { before: { ...form.before, ...values }, draft: { ...form.draft, ...values } }
}

/** Reads what a form changes of a network. What was not touched is left out: others may have changed it meanwhile. */
export function networkChangeIn({ before, draft }: NetworkForm): NetworkChange {
  const all = changeableIn(draft)
  return Object.fromEntries(
    NETWORK_CHANGES.flatMap((field) => (draft[field] === before[field] ? [] : [[field, all[field]]])),
  )
}

function changeableIn(draft: NetworkDraft): Required<NetworkChange> {
  const { blockOutsideDns, blockIpv6 } = draft
  return {
    ...{ blockOutsideDns, blockIpv6 },
    routes: linesOf(draft.routes),
    dnsServers: linesOf(draft.dnsServers),
    dnsDomains: linesOf(draft.dnsDomains),
    dnsResolveDomains: linesOf(draft.dnsResolveDomains),
    inactiveSeconds: limitIn(draft.inactiveSeconds),
    uploadKilobitsPerSecond: limitIn(draft.uploadKilobitsPerSecond),
    downloadKilobitsPerSecond: limitIn(draft.downloadKilobitsPerSecond),
    uploadPacketsPerSecond: limitIn(draft.uploadPacketsPerSecond),
    downloadPacketsPerSecond: limitIn(draft.downloadPacketsPerSecond),
  }
}

/** Reads a new network from a form. */
export function newNetworkIn(draft: NetworkDraft): NewNetwork {
  const { name, ipv4, ipv6, namespace } = draft
  return {
    ...changeableIn(draft),
    ...{ name: name.trim(), ipv4: ipv4.trim() },
    ...(ipv6.trim() !== '' && { ipv6: ipv6.trim() }),
    ...(namespace.trim() !== '' && { namespace: namespace.trim() }),
  }
}

/** Names the limits that the service would refuse. */
export function limitProblemsOf(draft: NetworkDraft): ReadonlySet<NetworkLimit> {
  const problems = new Set<NetworkLimit>()
  const limits = [
    'inactiveSeconds',
    'uploadKilobitsPerSecond',
    'downloadKilobitsPerSecond',
    'uploadPacketsPerSecond',
    'downloadPacketsPerSecond',
  ] as const
  for (const limit of limits) {
    const { min, max } = NETWORK_LIMITS[limit]
    const value = limitIn(draft[limit])
    if (value !== null && !(Number.isInteger(value) && value >= min && value <= max)) problems.add(limit)
  }
  return problems
}

/** Splits a text into its entries: one a line, or with commas between them. */
export function linesOf(text: string): string[] {
  return text.split(/[\n,]/).flatMap((line) => line.trim() || [])
}

function limitIn(text: string): number | null {
  return text.trim() === '' ? null : Number(text)
}
