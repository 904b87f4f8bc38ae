interface Waiting {
  readonly tenantId: string
  readonly start: (turn: Disposable) => void
}

/** How many of something costly may run and wait. */
export interface TurnLimits {
  /** Those of all tenants. */
  readonly atOnce: number
  /** Those that wait, of one tenant: it does not take the places of another. */
  readonly waitingOfTenant: number
  /** How long one waits, in milliseconds. */
  readonly patienceMs: number
}

/** Turns of what is too costly to be done for everybody at the same time: one of each tenant, first come, first served. */
export class TenantTurns {
  readonly #limits: TurnLimits
  readonly #running = new Set<string>()
  readonly #waiting = new Set<Waiting>()

  constructor(limits: TurnLimits) {
    this.#limits = limits
  }

  /** Gives a turn, which ends when it is disposed of; `undefined` when too many wait, or it did not come in time. */
  async take(tenantId: string): Promise<Disposable | undefined> {
    const ofTenant = [...this.#waiting].filter((waiting) => waiting.tenantId === tenantId)
    if (ofTenant.length >= this.#limits.waitingOfTenant) return undefined
    const { promise, resolve } = Promise.withResolvers<Disposable | undefined>()
    const waiting = { tenantId, start: resolve }
    this.#waiting.add(waiting)
    this.#start()
    const timer = setTimeout(() => {
      this.#waiting.delete(waiting)
      resolve(undefined)
    }, this.#limits.patienceMs)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
    }
  }

  #start(): void {
    for (const waiting of this.#waiting) {
      if (this.#running.size >= this.#limits.atOnce) return
      const { tenantId, start } = waiting
      if (this.#running.has(tenantId)) continue
      this.#waiting.delete(waiting)
      this.#running.add(tenantId)
      const turn = new DisposableStack()
      turn.defer(() => {
        this.#running.delete(tenantId)
        this.#start()
      })
      start(turn)
    }
  }
}
