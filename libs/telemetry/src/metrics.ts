import { Counter, Gauge, Registry } from 'prom-client'

/** A counter of events by a closed set of reasons. */
export interface ReasonCounter<Reason extends string> {
  increment(reason: Reason, by?: number): void
  /** Current values by reason, zeroes included. */
  values(): Readonly<Record<Reason, number>>
}

/** The process's metrics in Prometheus text format; names start with `sallyport_`. */
export class Metrics {
  readonly #registry = new Registry()

  /** Counts by reason; every reason is present from the start with 0. */
  reasonCounter<Reason extends string>(name: string, help: string, reasons: readonly Reason[]): ReasonCounter<Reason> {
    const counter = new Counter({
      name: `sallyport_${name}`,
      help,
      labelNames: ['reason'],
      registers: [this.#registry],
    })
    const counts = new Map<Reason, number>()
    for (const reason of reasons) {
      counts.set(reason, 0)
      counter.inc({ reason }, 0)
    }
    return {
      increment: (reason, by = 1) => {
        counts.set(reason, (counts.get(reason) ?? 0) + by)
        counter.inc({ reason }, by)
      },
      values: () => Object.fromEntries(counts) as Record<Reason, number>,
    }
  }

  /** A value read when somebody asks. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `sallyport_${name}`,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read())
      },
    })
  }

  /** Values that only grow and are kept elsewhere, read when somebody asks; one label `reason`. */
  observedTotals(name: string, help: string, read: () => Readonly<Record<string, bigint | number>>): void {
    new Gauge({
      name: `sallyport_${name}`,
      help,
      labelNames: ['reason'],
      registers: [this.#registry],
      collect() {
        for (const [reason, value] of Object.entries(read())) this.set({ reason }, Number(value))
      },
    })
  }

  /** As `observedTotals`, for each of several things, which the other labels name; what is not read any more goes away. */
  observedTotalsOfEach<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
    read: () => Iterable<{ labels: Record<Label, string>; totals: Readonly<Record<string, bigint | number>> }>,
  ): void {
    new Gauge({
      name: `sallyport_${name}`,
      help,
      labelNames: [...labels, 'reason'],
      registers: [this.#registry],
      collect() {
        this.reset()
        for (const { labels, totals } of read()) {
          for (const [reason, value] of Object.entries(totals)) this.set({ ...labels, reason }, Number(value))
        }
      },
    })
  }

  /** The Prometheus text exposition. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }

  /** Content type of `text()`. */
  get contentType(): string {
    return this.#registry.contentType
  }
}
