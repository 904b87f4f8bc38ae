import type { Remote } from './client-profile.ts'
import type { World } from './world.ts'

/** Where the node of a world listens with a transport and an address family. */
export function listenerOf(world: World, transport: Remote['transport'], family: 4 | 6): Remote {
  const found = world.stack.addresses.nodeListeners.find(
    (candidate) => candidate.protocol === transport && candidate.host.includes(':') === (family === 6),
  )
  if (found === undefined) throw new TypeError(`the node does not listen with ${transport} and IPv${String(family)}`)
  return { host: found.host, port: found.port, transport }
}
