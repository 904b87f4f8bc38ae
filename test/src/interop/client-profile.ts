/** Where a profile's client goes: the arguments of one `remote`. */
export interface Remote {
  readonly host: string
  readonly port: number
  readonly transport: 'udp' | 'tcp'
}

/** The profile with this one `remote` instead of its own. */
export function withRemote(profile: string, { host, port, transport }: Remote): string {
  const kept = profile.split('\n').filter((line) => !line.startsWith('remote '))
  return [`remote ${host} ${String(port)} ${transport}`, ...kept].join('\n')
}

/** The arguments of the profile's `remote` lines, in order. */
export function remotesOf(profile: string): readonly Remote[] {
  const lines = profile.matchAll(/^remote (\S+) (\d+) (udp|tcp)$/gm)
  return Array.from(lines, ([, host = '', port, transport]) => ({
    host,
    port: Number(port),
    transport: transport === 'tcp' ? 'tcp' : 'udp',
  }))
}
