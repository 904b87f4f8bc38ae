import { readFileSync, statSync } from 'node:fs'

/**
 * Loaded before a service (`node --import`): its wall clock then differs from the machine's by as many milliseconds as the
 * file of STEPPED_CLOCK says, from the moment at which it says so. Timers go on as before, as they do when somebody sets
 * a clock.
 */
const file = process.env['STEPPED_CLOCK'] ?? ''
const RealDate = Date
let offsetMs = 0
let readMs = -Infinity
let changedMs = -Infinity

function nowMs(): number {
  if (performance.now() - readMs > 20) {
    readMs = performance.now()
    const { mtimeMs } = statSync(file)
    if (mtimeMs !== changedMs) offsetMs = Number(readFileSync(file, 'utf8'))
    changedMs = mtimeMs
  }
  return RealDate.now() + offsetMs
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given: unknown[], newTarget): object => {
    const made: unknown = Reflect.construct(target, given.length === 0 ? [nowMs()] : given, newTarget)
    return made instanceof RealDate ? made : new RealDate(NaN)
  },
  get: (target, name): unknown => (name === 'now' ? nowMs : Reflect.get(target, name)),
})
