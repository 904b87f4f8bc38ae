import { randomUUID } from 'node:crypto'

import type { Holder, NetworkKey, PoolRecord } from './lease-store.ts'

/** Makes a pool of the given first and last address; texts are carried along. */
export function pool(first: number, last: number, ipv6: string | null = null): PoolRecord {
  return { ipv4: `pool ${String(first)} to ${String(last)}`, ipv6, first, last }
}

/** A connection of a device, by default on the same node. */
export function holder(device: string, connection = `${device}-1`, node = 'node-1'): Holder {
  return { deviceId: device, connectionId: connection, serviceId: node }
}

/** A network of a new tenant. */
export function newNetwork(): NetworkKey {
  return { tenantId: randomUUID(), networkId: randomUUID() }
}
