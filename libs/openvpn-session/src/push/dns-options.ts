import type { ClientAbilities } from '../client-abilities.ts'
import type { PushConfiguration } from './configuration.ts'

/** Clients take no more addresses for one server, */
const MAX_SERVERS = 8
/** and the 2.x line in the older form no more of a family */
const MAX_OPTION_SERVERS = 4
/** and no more search domains. */
const MAX_OPTION_DOMAINS = 10
const MAX_OPTION_LENGTH = 255
/** Room is left below the 16 words that clients read. */
const MAX_NAMES = 8

/** Writes the name servers and domains in the newest form that the client understands. */
export function dnsOptions({ dns, blockOutsideDns }: PushConfiguration, abilities: ClientAbilities): readonly string[] {
  const options = abilities.dnsOption ? dnsForm(dns) : dhcpForm(dns, abilities)
  if (blockOutsideDns === true && abilities.onWindows) options.push('block-outside-dns')
  return options
}

function dnsForm({ servers, searchDomains, resolveDomains }: PushConfiguration['dns']): string[] {
  const options = packed('dns search-domains', searchDomains)
  if (servers.length === 0) return options
  options.push(...packed('dns server 0 address', servers.slice(0, MAX_SERVERS)))
  return [...options, ...packed('dns server 0 resolve-domains', resolveDomains)]
}

/** The older form cannot bind domains to a server; as search domains most clients send them to it all the same. */
function dhcpForm(
  { servers, searchDomains, resolveDomains }: PushConfiguration['dns'],
  { family }: ClientAbilities,
): string[] {
  const [ipv4, ipv6] = [servers.filter((server) => !server.includes(':')), servers.filter((s) => s.includes(':'))]
  const usable = [...ipv4.slice(0, MAX_OPTION_SERVERS), ...ipv6.slice(0, MAX_OPTION_SERVERS)]
  const domains = [...new Set([...searchDomains, ...resolveDomains])].slice(0, MAX_OPTION_DOMAINS)
  return [
    ...usable.map((server) => `dhcp-option DNS ${server}`),
    ...domains.map((domain) => `dhcp-option ${family.domainOption} ${domain}`),
  ]
}

/** Puts names behind a head, in as few options as can be pushed; repeated options add to each other. */
function packed(head: string, names: readonly string[]): string[] {
  const options: string[] = []
  let words: string[] = []
  for (const name of names) {
    const length = [head, ...words, name].join(' ').length
    if (words.length > 0 && (words.length === MAX_NAMES || length > MAX_OPTION_LENGTH)) {
      options.push([head, ...words].join(' '))
      words = []
    }
    words.push(name)
  }
  return words.length === 0 ? options : [...options, [head, ...words].join(' ')]
}
