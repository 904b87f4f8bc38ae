import { type AuthServiceHarness, NodeClient, startAuthService } from './auth-service-harness.ts'
import { freePort } from './free-port.ts'

/** A second auth-service on the same PostgreSQL and Redis. */
export interface Replica extends AsyncDisposable {
  readonly publicUrl: string
  readonly nodeApiUrl: string
  /** The calls of a node that is connected to this one. */
  readonly node: (name: string) => Promise<NodeClient>
}

/** Starts one; its links still name the first one's address, as behind a load balancer. */
export async function startReplica(harness: AuthServiceHarness): Promise<Replica> {
  const [publicAddress, nodeAddress] = [
    `127.0.0.1:${String(await freePort())}`,
    `127.0.0.1:${String(await freePort())}`,
  ]
  const changes = { AUTH_LISTEN: publicAddress, AUTH_NODE_API_LISTEN: nodeAddress, METRICS_LISTEN: '' }
  const process = await startAuthService({ ...harness.environment, ...changes })
  const nodeApiUrl = `https://${nodeAddress}`
  return {
    publicUrl: `http://${publicAddress}`,
    nodeApiUrl,
    node: async (name) => NodeClient.at(nodeApiUrl, await harness.enrol('vpn-node', name)),
    [Symbol.asyncDispose]: async () => {
      await process.stop()
    },
  }
}
