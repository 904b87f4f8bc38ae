import { type Namespace, OpenVpnClient } from '@sallyport/testkit'

import { type Device, SOCKET_BUFFER_BYTES, TRANSMIT_QUEUE_PACKETS } from './server.ts'

const OPTIONS = [
  ['--sndbuf', String(SOCKET_BUFFER_BYTES)],
  ['--rcvbuf', String(SOCKET_BUFFER_BYTES)],
  ['--txqueuelen', String(TRANSMIT_QUEUE_PACKETS)],
].flat()

/** Starts Debian's `openvpn` in a namespace and waits until its tunnel is up. */
export async function connectStockClient(namespace: Namespace, device: Device): Promise<AsyncDisposable> {
  const client = await OpenVpnClient.start({ ...device, namespace, extraArgs: OPTIONS })
  try {
    await client.waitForConnected()
    return client
  } catch (error) {
    await client[Symbol.asyncDispose]()
    throw error
  }
}
