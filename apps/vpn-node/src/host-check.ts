import { open, readFile } from 'node:fs/promises'

import { errorCode, SallyportError } from '@sallyport/foundation'

const TUN = '/dev/net/tun'
/** Bits of the capability sets (linux/capability.h). */
const NEEDED = { CAP_NET_ADMIN: 12n, CAP_SYS_ADMIN: 21n } as const

/** This machine does not let the node do its work; the message says what to change. */
export class HostCheckError extends SallyportError {}

/** Checks at the start what would otherwise fail with the first client. Throws `HostCheckError`. */
export async function checkHost(): Promise<void> {
  const missing = missingCapabilities(await readFile('/proc/self/status', 'utf8'))
  if (missing.length > 0) {
    throw new HostCheckError(
      'not-permitted',
      `the vpn-node makes network interfaces and firewall rules and lacks ${missing.join(' and ')}: run it as root, or grant it these capabilities`,
    )
  }
  try {
    await (await open(TUN, 'r+')).close()
  } catch (error) {
    throw new HostCheckError(
      'no-tun-device',
      `${TUN} cannot be opened (${errorCode(error) ?? 'unknown error'}): load the driver with \`modprobe tun\`; in a container pass the device ${TUN}`,
      { cause: error },
    )
  }
}

/** Reads from /proc/PID/status (proc(5)) which of the capabilities that a node needs are not in effect. */
export function missingCapabilities(status: string): string[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  return Object.entries(NEEDED).flatMap(([name, bit]) => (((effective >> bit) & 1n) === 1n ? [] : [name]))
}
