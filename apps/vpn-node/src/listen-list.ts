import { isIP } from 'node:net'
import { isDeepStrictEqual } from 'node:util'

import { commaList, listenAddress } from '@sallyport/config'
import type { ListenOptions } from '@sallyport/packet-engine'
import { z } from 'zod'

type ListenEntry = Pick<ListenOptions, 'transport' | 'address' | 'port'>

const MAX_LISTENERS = 16
const ENTRY = /^(?:(udp|tcp):)?(.+)$/

/**
 * A comma list of `udp:HOST:PORT` and `tcp:HOST:PORT`, HOST an IP address; without transport it is UDP. An IPv6 address
 * stands in brackets, and `[::]` also takes IPv4 where the host has both.
 */
export const listenList = z.string().transform((value, context) => {
  const items = commaList(value)
  if (items.length === 0 || items.length > MAX_LISTENERS) {
    context.addIssue({
      code: 'custom',
      message: `name 1 to ${String(MAX_LISTENERS)} addresses, for example ${EXAMPLE}`,
    })
    return z.NEVER
  }
  const entries = items.map(parseEntry)
  const wrong = entries.indexOf(undefined)
  if (wrong !== -1) {
    const message = `"${items[wrong] ?? ''}" is not udp:HOST:PORT or tcp:HOST:PORT with an IP address, for example ${EXAMPLE}`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  const listeners = entries.filter((entry) => entry !== undefined)
  const twice = listeners.findIndex((entry, index) => listeners.slice(0, index).some((other) => isSame(entry, other)))
  if (twice === -1) return listeners
  context.addIssue({ code: 'custom', message: `"${items[twice] ?? ''}" is named twice` })
  return z.NEVER
})

const EXAMPLE = 'udp:0.0.0.0:1194,tcp:0.0.0.0:443'

function isSame(one: ListenEntry, other: ListenEntry): boolean {
  return isDeepStrictEqual(one, other) && one.port !== 0
}

function parseEntry(item: string): ListenEntry | undefined {
  const [, transport, rest = ''] = ENTRY.exec(item) ?? []
  const address = listenAddress.safeParse(rest)
  if (!address.success || isIP(address.data.host) === 0) return undefined
  return { transport: transport === 'tcp' ? 'tcp' : 'udp', address: address.data.host, port: address.data.port }
}
