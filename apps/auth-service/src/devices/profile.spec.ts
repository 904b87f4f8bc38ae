import fc from 'fast-check'
import { expect, it } from 'vitest'

import { parseProfileRemote, ProfileError, type ProfileParts, writeProfile } from './profile.ts'

const PEM = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
function keyFile(label: string): string {
  return `-----BEGIN OpenVPN ${label}-----\nAAAA\n-----END OpenVPN ${label}-----\n`
}
const PARTS: ProfileParts = {
  remotes: [{ host: 'vpn.example.com', port: 1194, protocol: 'udp' }],
  serverName: 'acme.vpn.sallyport.internal',
  friendlyName: 'Acme (Berlin)',
  asksForCode: true,
  caPem: PEM + PEM,
  certificatePem: PEM,
  controlKey: { mode: 'tls-crypt-v2', text: keyFile('tls-crypt-v2 client key') },
}
const LEGACY = { mode: 'tls-auth', text: keyFile('Static key V1') } as const
/** Directives that every client family takes; others are fatal to one of them unless they stand behind `setenv opt`. */
const COMMON = new Set(
  `client dev remote server-poll-timeout nobind remote-cert-tls verify-x509-name auth cipher setenv auth-user-pass
   auth-nocache static-challenge verb key-direction #`.split(/\s+/),
)

it('refuses parts that would write directives of their own', () => {
  const bad: Partial<ProfileParts>[] = [
    { friendlyName: 'x"\nup /bin/sh' },
    { friendlyName: 'a\\b' },
    { serverName: 'acme name' },
    { caPem: `${PEM}</ca>\nup /bin/sh\n` },
    { certificatePem: '' },
    { controlKey: { mode: 'tls-crypt-v2', text: 'not a key' } },
    { friendlyName: 'ä'.repeat(130) },
  ]
  for (const change of bad) expect(() => writeProfile({ ...PARTS, ...change })).toThrow(ProfileError)
})

it('never writes a line that the name could have started', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (friendlyName) => {
      let profile: string
      try {
        profile = writeProfile({ ...PARTS, friendlyName })
      } catch (error) {
        expect(error).toBeInstanceOf(ProfileError)
        return
      }
      expect(profile.split('\n').length).toBe(writeProfile(PARTS).split('\n').length)
    }),
  )
})

it('has only directives that every client takes, in lines that every client reads', () => {
  for (const parts of [PARTS, { ...PARTS, controlKey: LEGACY }]) {
    const outsideBlocks = writeProfile(parts).replace(/<([a-z0-9-]+)>\n[^<]*<\/\1>\n/g, '')
    for (const line of outsideBlocks.trimEnd().split('\n')) {
      expect(COMMON, line).toContain(line.split(' ', 1)[0])
      expect(Buffer.byteLength(line)).toBeLessThan(256)
    }
  }
})

it('says in its first line which flavour it is and for whom', () => {
  expect(writeProfile(PARTS)).toMatch(/^# Sallyport profile, flavour "modern": OpenVPN 2\.5 and later, .*\n/)
  expect(writeProfile({ ...PARTS, controlKey: LEGACY })).toMatch(
    /^# Sallyport profile, flavour "legacy": OpenVPN 2\.4 .*\n/,
  )
})

it('gives a direction to a key of tls-auth, and to no other', () => {
  expect(writeProfile({ ...PARTS, controlKey: LEGACY })).toContain('\nkey-direction 1\n<tls-auth>\n')
  const crypt = writeProfile({ ...PARTS, controlKey: { ...LEGACY, mode: 'tls-crypt' } })
  expect(crypt).toContain('\n<tls-crypt>\n')
  for (const profile of [crypt, writeProfile(PARTS)]) expect(profile).not.toContain('key-direction')
})

it('names every UDP remote before the first TCP one', () => {
  const remote = (host: string, protocol: 'udp' | 'tcp') => ({ host, port: 443, protocol })
  const remotes = [remote('a', 'tcp'), remote('b', 'udp'), remote('c', 'tcp'), remote('d', 'udp')]
  const lines = writeProfile({ ...PARTS, remotes }).match(/^remote .*$/gm)
  expect(lines).toEqual(['remote b 443 udp', 'remote d 443 udp', 'remote a 443 tcp', 'remote c 443 tcp'])
})

it('carries a private key that the service made, and fixes the name that the client signs in with', () => {
  const privateKeyPem = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'
  const profile = writeProfile({ ...PARTS, privateKeyPem, username: 'alice@example.com' })
  expect(profile).toContain(`\n<key>\n${privateKeyPem}</key>\n`)
  expect(profile).toContain('\nsetenv USERNAME "alice@example.com"\n')
  for (const username of ['a"b', 'a b', 'a\nup x', '']) {
    expect(() => writeProfile({ ...PARTS, username })).toThrow(ProfileError)
  }
})

it('carries certificates and key in blocks, and no private key', () => {
  const tags = [...writeProfile(PARTS).matchAll(/^<([a-z0-9-]+)>$/gm)].map(([, tag]) => tag)
  expect(tags).toEqual(['ca', 'cert', 'tls-crypt-v2'])
})

it('asks for a code only when the user needs one', () => {
  expect(writeProfile(PARTS)).toContain('static-challenge "One-time code" 1\n')
  expect(writeProfile({ ...PARTS, asksForCode: false })).not.toContain('static-challenge')
})

it('reads remotes, and nothing else', () => {
  expect(parseProfileRemote('vpn.example.com:1194/udp')).toEqual({
    host: 'vpn.example.com',
    port: 1194,
    protocol: 'udp',
  })
  expect(parseProfileRemote('[2001:db8::1]:443/udp')).toEqual({ host: '2001:db8::1', port: 443, protocol: 'udp' })
  expect(parseProfileRemote('a:443/tcp')).toEqual({ host: 'a', port: 443, protocol: 'tcp' })
  for (const bad of [
    'vpn.example.com',
    'a b:1/udp',
    'a:0/udp',
    'a:70000/udp',
    'a:1/sctp',
    'a:1',
    'a:1/udp\nup x',
    '-a:1/udp',
  ]) {
    expect(parseProfileRemote(bad), bad).toBeUndefined()
  }
})
