/** Reads the node's Prometheus metrics. */
export class NodeMetrics {
  readonly #url: string

  constructor({ host, port }: { host: string; port: number }) {
    this.#url = `http://${host}:${String(port)}`
  }

  /** Value of one counter, by name without the prefix `sallyport_` and by reason. */
  async value(name: string, reason?: string): Promise<number> {
    const labels = reason === undefined ? '' : `{reason="${reason}"}`
    const line = (await this.#lines()).find((candidate) => candidate.startsWith(`sallyport_${name}${labels} `))
    if (line === undefined) throw new Error(`the node has no metric ${name}${labels}`)
    return Number(line.split(' ')[1])
  }

  /** Every reason of one counter. */
  async reasons(name: string): Promise<ReadonlyMap<string, number>> {
    const pattern = new RegExp(`^sallyport_${name}\\{reason="([^"]+)"\\} (\\S+)$`)
    return new Map(
      (await this.#lines()).flatMap((line) => {
        const [, reason, value] = pattern.exec(line) ?? []
        return reason === undefined ? [] : [[reason, Number(value)] as const]
      }),
    )
  }

  /** How much a counter grows while something happens. */
  async growth(name: string, reason: string, during: () => Promise<unknown>): Promise<number> {
    const before = await this.value(name, reason)
    await during()
    return (await this.value(name, reason)) - before
  }

  /** How many packets of each connection were dropped for this reason. */
  async dropsOfPeers(reason: string): Promise<ReadonlyMap<string, number>> {
    const response = await fetch(`${this.#url}/peers`)
    const peers = (await response.json()) as { connectionId: string; drops: Record<string, number> }[]
    return new Map(peers.map(({ connectionId, drops }) => [connectionId, drops[reason] ?? 0]))
  }

  async #lines(): Promise<string[]> {
    const response = await fetch(`${this.#url}/metrics`)
    return (await response.text()).split('\n')
  }
}
