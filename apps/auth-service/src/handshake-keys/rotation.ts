/** A new key is made when the newest one is so old. */
const ROTATE_AFTER_MS = 24 * 3600 * 1000
/** Nodes learn a key so long before it is used: several times as long as the time between two of their questions. */
export const PREPARED_MS = 3600 * 1000
/** A cookie that was made just before a change is still accepted: the key in force, and the one before it. */
const KEPT = 2

interface RotatedKey {
  readonly validFrom: Date
  readonly createdAt: Date
}

/** Tells whether it is time for a new key. */
export function isRotationDue(keys: readonly RotatedKey[], nowMs: number): boolean {
  return keys.every(({ createdAt }) => nowMs - createdAt.getTime() >= ROTATE_AFTER_MS)
}

/** Chooses the keys that matter from now on, oldest first: the last two whose time has come, and those to come. */
export function servedKeys<Key extends RotatedKey>(keys: readonly Key[], nowMs: number): Key[] {
  const sorted = keys.toSorted((one, other) => one.validFrom.getTime() - other.validFrom.getTime())
  const begun = sorted.filter(({ validFrom }) => validFrom.getTime() <= nowMs)
  return [...begun.slice(-KEPT), ...sorted.slice(begun.length)]
}
