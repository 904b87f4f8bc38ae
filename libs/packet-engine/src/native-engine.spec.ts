import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

import { errorCode } from '@sallyport/foundation'
import { Namespace } from '@sallyport/testkit'
import { describe, expect, it, vi } from 'vitest'

import { ENGINE_COUNTERS } from './engine-counters.ts'
import type { EngineErrorCode } from './engine-error.ts'
import { loadNativeEngine } from './native-binding.ts'
import { createPacketEngine } from './native-engine.ts'
import { codeOf } from './testing/refusal.ts'
import { engineKey, EngineUnderTest, randomKeyPair } from './testing/tunnel.ts'

const REMOTE = { address: '127.0.0.1', port: 4000 }
const ANYWHERE = { transport: 'udp', address: '127.0.0.1', port: 0 } as const
const NO_HANDLERS = { onControl: vi.fn(), onEvent: vi.fn(), onForeignStream: vi.fn(), onFatal: vi.fn() }

function expectRefusal(code: EngineErrorCode, call: () => unknown): void {
  expect(codeOf(call)).toBe(code)
}

describe('loading the addon', () => {
  it('says how to build an addon that is not there', () => {
    const missing = new URL('file:///nonexistent/packet_engine.node')
    expectRefusal('addon-not-built', () => loadNativeEngine(missing))
    expect(() => loadNativeEngine(missing)).toThrow('npm run build')
  })

  it('refuses an addon of other sources', () => {
    expectRefusal('addon-outdated', () => loadNativeEngine(new URL('../package.json', import.meta.url)))
  })
})

describe('misuse of the engine', () => {
  it('refuses arguments outside their range', async () => {
    await using test = new EngineUnderTest()
    const { engine } = test
    expectRefusal('bad-argument', () => {
      engine.deletePeer(0xffffff)
    })
    expectRefusal('bad-argument', () => {
      engine.addNetwork({ network: 65_536, namespace: undefined, interfaceName: 'spe0' })
    })
    for (const interfaceName of ['', 'sixteen-letters-', 'tun%d', '../x', 'a b']) {
      expectRefusal('bad-argument', () => {
        engine.addNetwork({ network: 0, namespace: undefined, interfaceName })
      })
    }
    expectRefusal('bad-argument', () => {
      engine.addNetwork({ network: 0, namespace: '../netns/x', interfaceName: 'spe0' })
    })
    const path = test.pathTo(REMOTE)
    for (const wrong of [
      { ...path, remote: { address: '127.0.0.1', port: 0 } },
      { ...path, local: { address: '127.0.0.1', port: 65_536 } },
      { ...path, listener: -1 },
      { ...path, stream: 1 },
      { ...path, transport: 'tcp' as const },
    ]) {
      expectRefusal('bad-argument', () => {
        engine.sendControl(wrong, new Uint8Array(1))
      })
    }
    for (const address of ['localhost', '::1']) {
      expectRefusal('bad-address', () => {
        engine.sendControl(test.pathTo({ address, port: 9 }), new Uint8Array(1))
      })
    }
    expectRefusal('unknown-listener', () => {
      engine.sendControl({ ...path, listener: 1 }, new Uint8Array(1))
    })
    expectRefusal('bad-argument', () => {
      engine.closeStream(0)
    })
    expectRefusal('bad-argument', () => {
      engine.setKeepalive(1, { intervalSeconds: 0.5, timeoutSeconds: 1 })
    })
  })

  it('refuses peers, keys and networks that do not exist or exist already', async () => {
    await using test = new EngineUnderTest()
    await using namespace = await Namespace.create('spe-misuse')
    const { engine } = test
    const pair = randomKeyPair('AES-256-GCM', 0)
    const peer = { peerId: 1, network: 3, path: test.pathTo(REMOTE), ipv4: '10.8.0.2', ipv6: 'fd00::2' }
    expectRefusal('unknown-network', () => {
      engine.addPeer(peer)
    })
    engine.addNetwork({ network: 3, namespace: namespace.name, interfaceName: 'tun0' })
    expectRefusal('duplicate-network', () => {
      engine.addNetwork({ network: 3, namespace: namespace.name, interfaceName: 'tun1' })
    })
    expectRefusal('interface-exists', () => {
      engine.addNetwork({ network: 4, namespace: namespace.name, interfaceName: 'tun0' })
    })
    expectRefusal('interface-exists', () => {
      engine.addNetwork({ network: 4, namespace: namespace.name, interfaceName: 'lo' })
    })
    expectRefusal('unknown-network', () => {
      engine.removeNetwork(4)
    })
    expectRefusal('unknown-peer', () => {
      engine.setKey(engineKey(pair, 1, 'primary'))
    })
    expectRefusal('bad-address', () => {
      engine.addPeer({ ...peer, ipv4: 'fd00::2' })
    })
    engine.addPeer(peer)
    expectRefusal('duplicate-peer', () => {
      engine.addPeer({ ...peer, ipv4: '10.8.0.3', ipv6: undefined })
    })
    expectRefusal('duplicate-address', () => {
      engine.addPeer({ ...peer, peerId: 2, ipv4: '10.8.0.3' })
    })
    expectRefusal('bad-key-length', () => {
      engine.setKey({ ...engineKey(pair, 1, 'primary'), sealKey: new Uint8Array(31) })
    })
    expectRefusal('bad-key-length', () => {
      engine.setKey({ ...engineKey(pair, 1, 'primary'), openIv: new Uint8Array(12) })
    })
    expectRefusal('bad-key-length', () => {
      engine.setKey({ ...engineKey(pair, 1, 'primary'), format: 'epoch' })
    })
    expectRefusal('bad-argument', () => {
      engine.setKey({ ...engineKey(pair, 1, 'primary'), limits: { packets: 0n } })
    })
    expectRefusal('bad-argument', () => {
      engine.setKey({ ...engineKey(pair, 1, 'primary'), firstPacketId: 2 ** 32 })
    })
    expectRefusal('no-key', () => {
      engine.swapKeys(1)
    })
    engine.setKey(engineKey(pair, 1, 'primary'))
    expectRefusal('duplicate-key-id', () => {
      engine.setKey(engineKey(pair, 1, 'secondary'))
    })
    engine.deletePeer(1)
    expectRefusal('unknown-peer', () => engine.statistics(1))
  })

  it('says what to do about a missing namespace', async () => {
    await using test = new EngineUnderTest()
    const add = (): void => {
      test.engine.addNetwork({ network: 0, namespace: 'spe-there-is-none', interfaceName: 'tun0' })
    }
    expectRefusal('namespace-missing', add)
    expect(add).toThrow('ip netns add spe-there-is-none')
  })

  it('says that a TUN device needs root', async () => {
    await using test = new EngineUnderTest()
    const add = (): void => {
      test.engine.addNetwork({ network: 0, namespace: undefined, interfaceName: 'spe-no-root' })
    }
    process.seteuid?.(65_534)
    try {
      expectRefusal('not-permitted', add)
      expect(add).toThrow('needs root (CAP_NET_ADMIN)')
    } finally {
      process.seteuid?.(0)
    }
  })

  it('reports a port in use and an address that is not here', async () => {
    await using test = new EngineUnderTest()
    await using other = createPacketEngine(NO_HANDLERS)
    expectRefusal('port-in-use', () => other.listen(test.local))
    expect(() => other.listen(test.local)).toThrow(`UDP 127.0.0.1 port ${String(test.local.port)}`)
    for (const transport of ['udp', 'tcp'] as const) {
      const absent = { transport, address: '192.0.2.1', port: 1194 }
      expectRefusal('address-not-available', () => other.listen(absent))
      expect(() => other.listen(absent)).toThrow(`${transport.toUpperCase()} 192.0.2.1 port 1194`)
    }
    expectRefusal('not-listening', () => {
      other.sendControl(test.pathTo(REMOTE), new Uint8Array(1))
    })
    expect(other.listen(ANYWHERE)).toMatchObject({ listener: 0, transport: 'udp', address: '127.0.0.1' })
    const tcp = other.listen({ ...ANYWHERE, transport: 'tcp' })
    expect(tcp).toMatchObject({ listener: 1, transport: 'tcp' })
    expectRefusal('port-in-use', () => other.listen(tcp))
  })
})

describe('the life of the engine', () => {
  it('deletes its TUN devices when it is disposed of, more than once', async () => {
    await using namespace = await Namespace.create('spe-life')
    const test = new EngineUnderTest()
    for (const network of [0, 1, 2]) {
      test.engine.addNetwork({ network, namespace: namespace.name, interfaceName: `tun${String(network)}` })
    }
    test.engine.removeNetwork(1)
    const before = await namespace.exec('ip', '-o', 'link', 'show')
    expect(before).toContain('tun0')
    expect(before).toContain('qlen 1000')
    expect(before).not.toContain('tun1')
    await Promise.all([test[Symbol.asyncDispose](), test[Symbol.asyncDispose]()])
    await test[Symbol.asyncDispose]()
    expect(await namespace.exec('ip', '-o', 'link', 'show')).not.toContain('tun')
    expectRefusal('engine-stopped', () => test.engine.counters())
    expectRefusal('engine-stopped', () => {
      test.engine.deletePeer(1)
    })
  })

  it('frees its port when it is disposed of, even before it listened', async () => {
    const first = new EngineUnderTest()
    await first[Symbol.asyncDispose]()
    await using second = createPacketEngine(NO_HANDLERS)
    expect(second.listen(first.local)).toEqual(first.local)
    await createPacketEngine(NO_HANDLERS)[Symbol.asyncDispose]()
  })

  it('ends with the worker thread that forgot to dispose of it', async () => {
    const addon = new URL('../native/build/packet_engine.node', import.meta.url).pathname
    const worker = new Worker(
      `const { Engine } = require(${JSON.stringify(addon)})
       const engine = new Engine(Error, () => {}, { cipherLibrary: 'auto', dataThreads: 1 })
       require('node:worker_threads').parentPort.postMessage(engine.listen('udp', '127.0.0.1', 0, false, 0).port)`,
      { eval: true },
    )
    const message: unknown[] = await once(worker, 'message')
    const port = Number(message[0])
    const busy = createSocket('udp4')
    busy.bind(port, '127.0.0.1')
    const refusal: unknown[] = await once(busy, 'error')
    expect(errorCode(refusal[0])).toBe('EADDRINUSE')
    await worker.terminate()
    const free = createSocket('udp4')
    free.bind(port, '127.0.0.1')
    await once(free, 'listening')
    free.close()
  })
})

describe('control packets', () => {
  it('go up and down as they are, and are counted', async () => {
    await using first = new EngineUnderTest()
    await using second = new EngineUnderTest()
    const reset = Buffer.from('386891923fa31034370000000000', 'hex')
    first.engine.sendControl(first.pathTo(second.local), reset)
    await vi.waitFor(() => {
      expect(second.control).toHaveLength(1)
    })
    const { address, port } = first.local
    expect(second.control[0]?.path).toEqual(second.pathTo({ address, port }))
    expect(Buffer.from(second.control[0]?.bytes ?? []).equals(reset)).toBe(true)
    expect(first.engine.counters()).toMatchObject({ udpPacketsSent: 1n, udpPacketsReceived: 0n })
    expect(second.engine.counters()).toMatchObject({ udpPacketsReceived: 1n, controlPacketsReceived: 1n })
    expect(Object.keys(first.engine.counters())).toEqual([...ENGINE_COUNTERS])
  })

  it('reach an IPv6 socket over IPv4 under their plain IPv4 address', async () => {
    await using wide = new EngineUnderTest('::')
    await using narrow = new EngineUnderTest()
    await using ipv6 = new EngineUnderTest('::1')
    const { port } = wide.local
    narrow.engine.sendControl(narrow.pathTo({ address: '127.0.0.1', port }), Buffer.from([0x20, 1]))
    ipv6.engine.sendControl(ipv6.pathTo({ address: '::1', port }), Buffer.from([0x20, 2]))
    await vi.waitFor(() => {
      expect(wide.control).toHaveLength(2)
    })
    const paths = wide.control.map(({ path }) => path).sort((a, b) => a.local.address.localeCompare(b.local.address))
    expect(paths).toMatchObject([
      { remote: { address: '::1', port: ipv6.local.port }, local: { address: '::1', port } },
      { remote: { address: '127.0.0.1', port: narrow.local.port }, local: { address: '127.0.0.1', port } },
    ])
    for (const path of paths) wide.engine.sendControl(path, Buffer.from([0x20, 3]))
    await vi.waitFor(() => {
      expect(ipv6.control).toHaveLength(1)
    })
    await vi.waitFor(() => {
      expect(narrow.control).toHaveLength(1)
    })
  })
})
