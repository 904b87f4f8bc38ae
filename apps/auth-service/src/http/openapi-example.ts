import { z } from 'zod'

/** The parts of JSON Schema that decide about an example. */
const schemaParts = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  examples: z.array(z.unknown()).optional(),
  example: z.unknown().optional(),
  default: z.unknown().optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  format: z.string().optional(),
  minimum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  minItems: z.number().optional(),
  items: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  allOf: z.array(z.unknown()).optional(),
})
type SchemaParts = z.infer<typeof schemaParts>

const FORMATS: Readonly<Record<string, string>> = {
  guid: '8d0f6d5e-4a52-4c59-9a3b-6d1f0c2b7e11',
  uuid: '8d0f6d5e-4a52-4c59-9a3b-6d1f0c2b7e11',
  'date-time': '2026-03-01T09:30:00.000Z',
  date: '2026-03-01',
  email: 'anna@example.com',
  uri: 'https://vpn.example.com/',
  ipv4: '192.0.2.10',
  ipv6: '2001:db8::10',
  cidrv4: '10.8.0.0/24',
  cidrv6: 'fd00:8::/112',
}

/** Texts that a reader recognises, by the name of their field. */
const NAMES: Readonly<Record<string, string>> = {
  tenant: 'example',
  slug: 'example',
  username: 'anna',
  displayName: 'Anna Example',
  password: 'violet harbour under 41 lamps',
  currentPassword: 'violet harbour under 41 lamps',
  newPassword: 'seven quiet lanterns at dusk',
  oneTimePassword: 'k7mq-2hxv-9dpt-w4zn',
  otp: '123456',
  code: '123456',
  name: 'laptop',
  email: 'anna@example.com',
  newMasterKey: 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=',
  search: 'anna',
  url: 'https://hooks.example.com/sallyport',
  hash: '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
  timeZone: 'Europe/Berlin',
  sessionsEndAt: '04:00',
  action: 'device.revoke',
  ipv4: '10.8.0.0/24',
  ipv6: 'fd00:8::/112',
  route: '10.20.0.0/16',
  dnsServer: '10.20.0.53',
  dnsDomain: 'example.com',
  dnsResolveDomain: 'example.com',
  namespace: 'host',
  csr: '-----BEGIN CERTIFICATE REQUEST-----\nMIIB…\n-----END CERTIFICATE REQUEST-----\n',
}

/** Makes an example of a JSON Schema: what it gives itself, else a value that a reader takes for what it means. */
export function exampleOf(schema: unknown, name = ''): unknown {
  const parts = schemaParts.parse(schema)
  const given = parts.examples?.[0] ?? parts.example ?? parts.const ?? parts.default ?? parts.enum?.[0]
  if (given !== undefined) return given
  const alternatives = parts.anyOf ?? parts.oneOf
  if (alternatives?.[0] !== undefined) return exampleOf(alternatives[0], name)
  // Beside a type, they only narrow it: zod writes several patterns of one text so.
  if (parts.type === undefined && parts.allOf !== undefined)
    return Object.assign({}, ...parts.allOf.map((part) => exampleOf(part, name)))
  return exampleOfType(parts, name)
}

function exampleOfType(parts: SchemaParts, name: string): unknown {
  const type = typeof parts.type === 'string' ? parts.type : parts.type?.[0]
  switch (type) {
    case 'string':
      return FORMATS[parts.format ?? ''] ?? NAMES[name] ?? 'text'
    case 'integer':
    case 'number':
      return Math.max(parts.minimum ?? 1, (parts.exclusiveMinimum ?? 0) + 1)
    case 'boolean':
      return false
    case 'null':
      return null
    case 'array':
      return parts.items === undefined ? [] : [exampleOf(parts.items, singular(name))]
    case 'object': {
      const properties = Object.entries(parts.properties ?? {})
      return Object.fromEntries(properties.map(([key, value]) => [key, exampleOf(value, key)]))
    }
    case undefined:
    default:
      return {}
  }
}

function singular(name: string): string {
  return name.replace(/s$/, '')
}
