import { open, readFile } from 'node:fs/promises'

import { errorCode } from '@sallyport/foundation'

import { LoadError } from '../load-error.ts'

const TUN = '/dev/net/tun'
/** Bit of CAP_NET_ADMIN in the capability sets (linux/capability.h). */
const CAP_NET_ADMIN = 12n
/** What the process itself, its engine and what it starts need. */
const OWN_DESCRIPTORS = 128

/** How many descriptors a run needs: a socket for each client's tunnel, and one for its traffic. */
export function neededDescriptors(clients: number, withTraffic: boolean): number {
  return clients * (withTraffic ? 2 : 1) + OWN_DESCRIPTORS
}

/** Reads the limit in effect from /proc/PID/limits (proc(5)). */
export function descriptorLimit(limits: string): number {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1]
  return soft === undefined || soft === 'unlimited' ? Infinity : Number(soft)
}

/** Reads from /proc/PID/status (proc(5)) whether the process may make network interfaces. */
export function hasNetAdmin(status: string): boolean {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  return ((effective >> CAP_NET_ADMIN) & 1n) === 1n
}

/** Checks at the start what would otherwise fail in the middle of a run. Throws `LoadError` that says what to change. */
export async function checkHost(descriptors: number): Promise<void> {
  if (!hasNetAdmin(await readFile('/proc/self/status', 'utf8'))) {
    throw new LoadError(
      'not-permitted',
      'the load client makes a network interface: run it as root, or with CAP_NET_ADMIN',
    )
  }
  const limit = descriptorLimit(await readFile('/proc/self/limits', 'utf8'))
  if (descriptors > limit) {
    throw new LoadError(
      'too-few-descriptors',
      `so many clients need ${String(descriptors)} file descriptors and this process may have ${String(limit)}: ` +
        `raise the limit with \`ulimit -Hn ${String(descriptors)}; ulimit -n ${String(descriptors)}\` (LimitNOFILE= in a systemd unit)`,
    )
  }
  try {
    await (await open(TUN, 'r+')).close()
  } catch (error) {
    throw new LoadError(
      'no-tun-device',
      `${TUN} cannot be opened (${errorCode(error) ?? 'unknown error'}): load the driver with \`modprobe tun\`; in a container pass the device ${TUN}`,
      { cause: error },
    )
  }
}
