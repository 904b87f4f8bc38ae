import { writeFileSync } from 'node:fs'
import { World } from './world.ts'
const world = await World.create({ sites: [{ slug: 'tenant-a' }] })
const host = await world.addHost('client')
const account = await world.site('tenant-a').addDevice('alice')
const client = await world.startClient(host, account, { extraArgs: process.argv.slice(2) })
const s = await client.waitForConnected()
console.log(
  JSON.stringify({
    host: host.name,
    tunnels: world.site('tenant-a').tunnels.name,
    data: world.dataDirectory,
    s,
    m: world.stack.addresses.metrics,
    pid: world.stack.services['vpn-node'].pid,
  }),
)
await new Promise((r) => {
  process.on('SIGTERM', r)
})
writeFileSync('/tmp/client-events.log', client.events.join('\n'))
await world[Symbol.asyncDispose]()
console.log('disposed')
