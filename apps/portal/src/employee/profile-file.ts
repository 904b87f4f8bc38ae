const MAX_NAME_CHARACTERS = 48

/**
 * Puts the private key into a profile that came without one, as OpenVPN reads it from inside the file (`<key>`). A profile
 * that has one already was made with a key of the service and stays as it is.
 */
export function withPrivateKey(profile: string, privateKeyPem: string): string {
  if (/^<key>$/m.test(profile)) return profile
  return `${profile.trimEnd()}\n<key>\n${privateKeyPem.trim()}\n</key>\n`
}

/** Names the file of a profile so that every system takes the name, and every client shows it as the connection's. */
export function fileNameOf(tenantSlug: string, deviceName: string): string {
  const name = deviceName
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_NAME_CHARACTERS)
    .replaceAll(/^-+|-+$/g, '')
  return name === '' ? `${tenantSlug}.ovpn` : `${tenantSlug}-${name}.ovpn`
}
