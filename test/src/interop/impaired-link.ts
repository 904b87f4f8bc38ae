import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'

import { SeededRandom } from '@sallyport/testkit'

/** How a link mistreats datagrams, in each direction alike; shares are from 0 to 1. */
export interface Impairment {
  readonly seed: number
  readonly loss: number
  readonly duplication: number
  /** Share of datagrams that are held back, so that later ones overtake them. */
  readonly reordering: number
  readonly heldBackMs: number
}

/** What became of the datagrams of both directions. */
export interface LinkTally {
  passed: number
  lost: number
  duplicated: number
  heldBack: number
}

/** A UDP relay between one client and the node that loses, repeats and reorders datagrams as its seed says. */
export class ImpairedLink implements AsyncDisposable {
  readonly tally: LinkTally = { passed: 0, lost: 0, duplicated: 0, heldBack: 0 }
  readonly #impairment: Impairment
  readonly #outside = createSocket('udp4')
  readonly #inside = createSocket('udp4')
  readonly #timers = new Set<NodeJS.Timeout>()
  #client: RemoteInfo | undefined

  private constructor(impairment: Impairment) {
    this.#impairment = impairment
  }

  /** Listens on a free port of an address; forwards to the node. */
  static async create(
    address: string,
    node: { readonly host: string; readonly port: number },
    impairment: Impairment,
  ): Promise<ImpairedLink> {
    const link = new ImpairedLink(impairment)
    // A generator for each direction: what one side sends does not change the other's luck.
    const [up, down] = [new SeededRandom(impairment.seed), new SeededRandom(impairment.seed + 1)]
    link.#outside.on('message', (datagram, from) => {
      link.#client = from
      link.#carry(up, () => {
        link.#inside.send(datagram, node.port, node.host)
      })
    })
    link.#inside.on('message', (datagram) => {
      const client = link.#client
      if (!client) return
      link.#carry(down, () => {
        link.#outside.send(datagram, client.port, client.address)
      })
    })
    link.#outside.bind(0, address)
    await once(link.#outside, 'listening')
    return link
  }

  get port(): number {
    return this.#outside.address().port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    await Promise.all([closed(this.#outside), closed(this.#inside)])
  }

  #carry(random: SeededRandom, send: () => void): void {
    const { loss, duplication, reordering, heldBackMs } = this.#impairment
    // Three draws for every datagram, whatever becomes of it, so that the sequence of fates depends on the seed alone.
    const [fate, twice, late] = [draw(random), draw(random), draw(random)]
    if (fate < loss) {
      this.tally.lost++
      return
    }
    if (twice < duplication) {
      this.tally.duplicated++
      send()
    }
    if (late >= reordering) {
      this.tally.passed++
      send()
      return
    }
    this.tally.heldBack++
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      send()
    }, heldBackMs)
    this.#timers.add(timer)
  }
}

function draw(random: SeededRandom): number {
  return random.uint32() / 2 ** 32
}

async function closed(socket: Socket): Promise<void> {
  const event = once(socket, 'close')
  socket.close()
  await event
}
