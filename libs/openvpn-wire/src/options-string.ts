const MIRRORED: ReadonlyMap<string, string> = new Map([
  ['tls-client', 'tls-server'],
  ['keydir 0', 'keydir 1'],
  ['keydir 1', 'keydir 0'],
  ['proto TCPv4_CLIENT', 'proto TCPv4_SERVER'],
])

/**
 * Answers a client's options string with the server's view of the same options. The string is advisory; a client of
 * the 2.4 or 2.5 line warns about every word that differs, so ours never does.
 */
export function mirrorOptionsString(client: string): string {
  return client
    .split(',')
    .map((option) => MIRRORED.get(option) ?? option)
    .join(',')
}

/** Gives the `cipher` named in an options string; clients leave it out when it is not among their data ciphers. */
export function optionsStringCipher(options: string): string | undefined {
  const prefix = 'cipher '
  return options
    .split(',')
    .find((option) => option.startsWith(prefix))
    ?.slice(prefix.length)
}

/** Says whether a client's profile has compression, which changes the form of its data packets. */
export function expectsCompression(options: string): boolean {
  return options.split(',').includes('comp-lzo')
}
