import { parseAddress } from '@sallyport/ip-network'

/** A host, by name or address, and a port. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

const FORM = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9_.-]+)):(\d{1,5})$/

/** Reads `HOST:PORT` or `[IPV6]:PORT`; `undefined` when it is neither. */
export function parseHostPort(text: string): HostPort | undefined {
  const [, bracketed, plain, digits] = FORM.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || !(port >= 1 && port <= 65_535)) return undefined
  if (bracketed !== undefined && parseAddress(bracketed)?.family !== 6) return undefined
  return { host, port }
}

/** Writes what `parseHostPort` reads. */
export function hostPortText({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`
}
