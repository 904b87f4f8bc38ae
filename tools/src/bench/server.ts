import { join } from 'node:path'

/** Both ends of both tunnels, in bytes and packets; a smaller receive buffer loses bursts of a fast server. */
export const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024
export const TRANSMIT_QUEUE_PACKETS = 1000

/** What a client needs to connect: a profile of its own and the credentials that all share. */
export interface Device {
  /** Text of the .ovpn file, private key included. */
  readonly profile: string
  readonly username: string
  readonly password: string
}

/** A VPN server that is measured. */
export interface BenchServer extends AsyncDisposable {
  /** The process whose CPU time counts. */
  readonly pid: number
  enrol(name: string): Promise<Device>
  /** Gives what so many clients at once need: a device for each, or fewer where the server lets them share. */
  devicesFor(clients: number): Promise<readonly Device[]>
}

/** Name of a file in the directory of a server or client of one run. */
export function fileIn(directory: string): (name: string) => string {
  return (name) => join(directory, name)
}
