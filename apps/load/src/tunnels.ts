import { describeError } from '@sallyport/foundation'
import {
  type ControlPacket,
  createPacketEngine,
  type EngineEvent,
  HostCommandError,
  type PacketEngine,
} from '@sallyport/packet-engine'

import { NETWORK } from './client/client-tunnel.ts'
import { TunnelDevice } from './host/tunnel-device.ts'
import { LoadError } from './load-error.ts'

/** Who gets what comes from the engine. */
export interface TunnelHandlers {
  receive(packets: readonly ControlPacket[]): void
  note(event: EngineEvent): void
  /** The engine has stopped, or a command of the host failed. */
  fail(error: unknown): void
}

/** The packet engine with the one TUN device that the clients share. */
export class Tunnels implements AsyncDisposable {
  readonly engine: PacketEngine
  readonly device: TunnelDevice

  private constructor(engine: PacketEngine, device: TunnelDevice) {
    this.engine = engine
    this.device = device
  }

  /** Throws `LoadError` when the device cannot be made. */
  static async open(interfaceName: string, handlers: TunnelHandlers): Promise<Tunnels> {
    const fail = handlers.fail.bind(handlers)
    const engine = createPacketEngine({
      onControl: handlers.receive.bind(handlers),
      onEvent: handlers.note.bind(handlers),
      onForeignStream: () => undefined,
      onFatal: fail,
    })
    try {
      // A packet from the device goes to the client whose address it comes from.
      engine.addNetwork({ network: NETWORK, namespace: undefined, interfaceName, routeBy: 'source' })
      return new Tunnels(engine, await TunnelDevice.configure(interfaceName, fail))
    } catch (error) {
      await engine[Symbol.asyncDispose]()
      const code = error instanceof HostCommandError ? 'host-command-failed' : 'engine-failed'
      throw new LoadError(code, describeError(error), { cause: error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.device[Symbol.asyncDispose]()
    await this.engine[Symbol.asyncDispose]()
  }
}
