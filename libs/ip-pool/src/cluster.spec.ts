import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe } from 'vitest'

import { leaseStoreCompliance } from './lease-store.compliance.ts'
import { RedisLeaseStore } from './redis-lease-store.ts'

let directory: string
let server: ChildProcess
let cluster: Cluster

/** One server that owns all slots refuses a script whose keys lie in two slots, as a cluster of many does. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-cluster-'))
  const [port, busPort] = [await freePort(), await freePort()]
  const options = {
    ...{ port, 'cluster-port': busPort, 'cluster-enabled': 'yes', 'cluster-announce-ip': '127.0.0.1' },
    ...{ bind: '127.0.0.1', dir: directory, save: '' },
  }
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  server = spawn('redis-server', flags, { stdio: 'ignore' })
  const setUp = new Redis(port, '127.0.0.1', { retryStrategy: () => 20, maxRetriesPerRequest: null })
  setUp.on('error', () => undefined)
  await setUp.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  setUp.disconnect()
  cluster = new Cluster([{ host: '127.0.0.1', port }], { clusterRetryStrategy: () => 20 })
  cluster.on('error', () => undefined)
  await once(cluster, 'ready')
}, 20_000)
afterAll(async () => {
  cluster.disconnect()
  const exit = once(server, 'exit')
  server.kill('SIGTERM')
  await exit
  await rm(directory, { recursive: true, force: true })
})

describe('a lease store on a Redis Cluster', () => {
  leaseStoreCompliance(async (clock) => {
    await cluster.flushall()
    return new RedisLeaseStore(cluster, { clock })
  })
})

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('a TCP port was asked for')
  return address.port
}
