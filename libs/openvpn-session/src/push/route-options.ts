import type { ClientAbilities } from '../client-abilities.ts'
import type { PushConfiguration } from './configuration.ts'

const ALL_IPV4 = '0.0.0.0/0'
const ALL_IPV6 = '::/0'

/** Writes what goes through the tunnel: routes one by one, everything by `redirect-gateway`, and IPv6 that must not leak. */
export function routeOptions(configuration: PushConfiguration, { family }: ClientAbilities): readonly string[] {
  const { routes, blockIpv6, ipv6 } = configuration
  // A route into a family without an address in the tunnel is an error to some clients and leads nowhere in the others.
  const usable = routes.filter((route) => !route.includes(':') || ipv6 !== undefined)
  const options = usable.flatMap(routeOption)
  const redirect = redirectFlags(usable.includes(ALL_IPV4), usable.includes(ALL_IPV6))
  if (redirect !== undefined) options.push(`redirect-gateway ${redirect}`)
  if (blockIpv6 === true && family.blockIpv6) options.push('block-ipv6')
  return options
}

function routeOption(route: string): readonly string[] {
  if (route === ALL_IPV4 || route === ALL_IPV6) return []
  if (route.includes(':')) return [`route-ipv6 ${route}`]
  const [network = '', length = ''] = route.split('/')
  return [`route ${network} ${netmask(Number(length))}`]
}

function redirectFlags(ipv4: boolean, ipv6: boolean): string | undefined {
  if (ipv4) return ipv6 ? 'def1 ipv6' : 'def1'
  return ipv6 ? 'def1 ipv6 !ipv4' : undefined
}

function netmask(length: number): string {
  const octets = [0, 8, 16, 24].map((start) => 256 - 2 ** (8 - Math.min(8, Math.max(0, length - start))))
  return octets.map(String).join('.')
}
