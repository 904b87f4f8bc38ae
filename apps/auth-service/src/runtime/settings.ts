import { isIP } from 'node:net'

import { parseMasterKey } from '@sallyport/certificate-authority'
import { commaList, ConfigError, listenAddress, readConfig, secretText } from '@sallyport/config'
import { describeError, type Secret } from '@sallyport/foundation'
import { type Cidr, parseCidr } from '@sallyport/ip-network'
import { z } from 'zod'

import { parseProfileRemote, type ProfileRemote } from '../devices/profile.ts'
import { transportOptionsOf } from '../mail/smtp-url.ts'

const SERVICE = 'auth-service'
const remotes = z.string().transform((text, context): readonly ProfileRemote[] => {
  const parsed = commaList(text).map(parseProfileRemote)
  const good = parsed.filter((remote) => remote !== undefined)
  if (good.length === parsed.length && good.length > 0) return good
  context.addIssue({
    code: 'custom',
    message: `"${text}" is not a list like vpn.example.com:1194/udp,vpn.example.com:443/tcp`,
  })
  return z.NEVER
})
const networks = z.string().transform((text, context): readonly Cidr[] => {
  const parsed = commaList(text).map(parseCidr)
  const good = parsed.filter((cidr) => cidr !== undefined)
  if (good.length === parsed.length) return good
  context.addIssue({ code: 'custom', message: `"${text}" is not a list like 10.20.0.0/16,fd00:20::/48` })
  return z.NEVER
})

const environment = z.object({
  AUTH_LISTEN: listenAddress.prefault('127.0.0.1:8080'),
  AUTH_PUBLIC_URL: z
    .url({ protocol: /^https?$/, message: 'must be the http(s) URL that browsers use' })
    .refine(hasNoPath, 'must have no path, like https://vpn.example.com: the portal is at /')
    .describe('the URL that browsers use, for example https://vpn.example.com'),
  AUTH_TRUSTED_PROXIES: z.string().default('127.0.0.1,::1').transform(commaList),
  AUTH_NODE_API_LISTEN: listenAddress.prefault('127.0.0.1:8443'),
  AUTH_NODE_API_HOSTS: z.string().default('localhost,127.0.0.1').transform(commaList),
  DATABASE_URL: secretText(1).describe('the PostgreSQL URL of the owner of the database'),
  REDIS_URL: secretText(1).describe('the URL of Redis, for example redis://127.0.0.1:6379'),
  MASTER_KEY: secretText(1).describe('base64 of 32 random bytes: openssl rand -base64 32; keep it safe'),
  OPERATOR_TOKEN: secretText(32).describe('a random text of at least 32 characters: openssl rand -hex 32'),
  ALLOCATOR_URL: z.url({ protocol: /^https$/, message: 'must be an https URL' }).default('https://127.0.0.1:8444'),
  VPN_REMOTES: remotes.describe('where clients connect, for example vpn.example.com:1194/udp'),
  SMTP_URL: secretText(1).optional(),
  MAIL_FROM: z
    .string()
    .regex(/^(?:[^<>\p{Cc}]* <[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$/u, 'must be an address, or Name <address>')
    .optional(),
  WEBHOOK_PRIVATE_NETWORKS: networks.prefault('').describe('private networks that webhooks may reach'),
  GEOIP_FILE: z.string().min(1).optional().describe('a country database in MaxMind format'),
  AUTH_PORTAL_DIRECTORY: z
    .string()
    .min(1)
    .optional()
    .describe('the built portal; by default that of this installation'),
  METRICS_LISTEN: listenAddress.optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
})

/** The service's settings, by the names of their variables; the master key is decoded. */
export type Settings = Readonly<Omit<z.infer<typeof environment>, 'MASTER_KEY'>> & {
  readonly MASTER_KEY: Secret<Uint8Array>
}

function hasNoPath(url: string): boolean {
  if (!URL.canParse(url)) return true
  const { pathname, search, hash } = new URL(url)
  return pathname + search + hash === '/'
}

/** Reads and checks the settings; throws `ConfigError` that names every problem. */
export function readSettings(variables: Readonly<Record<string, string | undefined>>): Settings {
  const config = readConfig(SERVICE, environment, variables, ['MASTER_KEY'])
  const problems: string[] = []
  if (!config.AUTH_PUBLIC_URL.startsWith('https:') && !isLoopback(config.AUTH_LISTEN.host)) {
    problems.push(
      `AUTH_LISTEN: ${config.AUTH_LISTEN.host} can be reached from other machines, and AUTH_PUBLIC_URL is not https: ` +
        'passwords would travel in the clear. Listen on 127.0.0.1, or put a TLS proxy in front and give its https URL',
    )
  }
  problems.push(...mailProblems(config))
  const masterKey = attempt(() => parseMasterKey(config.MASTER_KEY))
  if ('problem' in masterKey) problems.push(`MASTER_KEY: ${masterKey.problem}`)
  if ('problem' in masterKey || problems.length > 0) throw new ConfigError(SERVICE, problems)
  return Object.freeze({ ...config, MASTER_KEY: masterKey.value })
}

function mailProblems({ SMTP_URL: url, MAIL_FROM: from }: Pick<Settings, 'SMTP_URL' | 'MAIL_FROM'>): string[] {
  if ((url === undefined) !== (from === undefined)) {
    return ['SMTP_URL and MAIL_FROM: give both to send mail, or none']
  }
  const options = attempt(() => url && transportOptionsOf(url))
  return 'problem' in options ? [`SMTP_URL: ${options.problem}`] : []
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

function attempt<Value>(work: () => Value): { value: Value } | { problem: string } {
  try {
    return { value: work() }
  } catch (error) {
    return { problem: describeError(error) }
  }
}
