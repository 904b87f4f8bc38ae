import { commaList, listenAddress } from '@sallyport/config'
import type { ListenOptions } from '@sallyport/packet-engine'
import { z } from 'zod'

type ListenEntry = Pick<ListenOptions, 'transport' | 'address' | 'port'>

const MAX_LISTENERS = 16
const ENTRY = /^(?:(udp|tcp):)?(.+)$/

/**
 * A comma list of `udp:HOST:PORT` and `tcp:HOST:PORT`; without transport it is UDP. An IPv6 address stands in brackets,
 * and `[::]` also takes IPv4 where the host has both.
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
    const message = `"${items[wrong] ?? ''}" is not udp:HOST:PORT or tcp:HOST:PORT, for example ${EXAMPLE}`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  return entries.filter((entry) => entry !== undefined)
})

const EXAMPLE = 'udp:0.0.0.0:1194,tcp:0.0.0.0:443'

function parseEntry(item: string): ListenEntry | undefined {
  const [, transport, rest = ''] = ENTRY.exec(item) ?? []
  const address = listenAddress.safeParse(rest)
  if (!address.success) return undefined
  return { transport: transport === 'tcp' ? 'tcp' : 'udp', address: address.data.host, port: address.data.port }
}
