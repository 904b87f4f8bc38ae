import { useState } from 'react'

import type { PolicyScope } from './policy-scope.ts'
import type { Override, StoredPolicy } from './rules.ts'

interface GroupRules {
  readonly groupId: string
  readonly name: string
  readonly policy: Override
}

/** The rules that a form began with. */
interface SettledScope {
  readonly scope: PolicyScope
  /** Changes with what the form begins with, and when it begins anew. */
  readonly key: string
  /** Somebody changed the rules after the form had begun to be filled in. */
  readonly isStale: boolean
  /** Says whether anything was typed that must not be thrown away. */
  readonly touch: (isTouched: boolean) => void
  /** Begins anew with what is stored. */
  readonly reload: () => void
}

/**
 * Holds the rules still while they are edited, although others may change them: a form that nobody has typed into follows,
 * any other is told. `group`: `null` for the tenant's own rules, `undefined` while it loads.
 */
export function useSettledScope(
  stored: StoredPolicy | undefined,
  group: GroupRules | null | undefined,
): SettledScope | undefined {
  const [held, setHeld] = useState<{ key: string; scope: PolicyScope }>()
  const [isTouched, setTouched] = useState(false)
  const [reloads, setReloads] = useState(0)
  if (stored === undefined || group === undefined) return undefined
  const scope: PolicyScope = group === null ? { kind: 'tenant', stored } : { kind: 'group', stored, group }
  const key = keyOf(scope)
  const settled = held === undefined || !isTouched ? { key, scope } : held
  if (held?.key !== settled.key) setHeld(settled)
  return {
    scope: settled.scope,
    key: `${String(reloads)} ${settled.key}`,
    isStale: settled.key !== key,
    touch: setTouched,
    reload: () => {
      setTouched(false)
      setReloads(reloads + 1)
      setHeld({ key, scope })
    },
  }
}

/** Names what the form shows: of a group only its own rules and the tenant's below them. */
function keyOf(scope: PolicyScope): string {
  const own = scope.kind === 'group' ? JSON.stringify(scope.group.policy) : ''
  return `${String(scope.stored.version)} ${own}`
}
