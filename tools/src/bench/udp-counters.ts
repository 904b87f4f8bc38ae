import type { Namespace } from '@sallyport/testkit'

/**
 * UDP datagrams that have come to the hosts of a namespace, those that found a full socket buffer or no socket among
 * them (proc(5), RFC 4113). The kernel counts the datagrams of a segmented one each.
 */
export async function udpDatagrams(namespace: Namespace): Promise<number> {
  return sumOfDatagrams(await namespace.exec('cat', '/proc/net/snmp'))
}

/** Reads the sum from the text of /proc/net/snmp. */
export function sumOfDatagrams(snmp: string): number {
  const [names = '', values = ''] = snmp.split('\n').filter((line) => line.startsWith('Udp:'))
  const counts = values.split(' ')
  return names.split(' ').reduce((sum, name, index) => {
    const counted = name === 'InDatagrams' || name === 'NoPorts' || name === 'RcvbufErrors'
    return counted ? sum + Number(counts[index]) : sum
  }, 0)
}
