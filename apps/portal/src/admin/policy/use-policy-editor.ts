import { useMemo, useState } from 'react'

import { draftOf, type PolicyDraft, problemsOf, rulesIn, statedRules } from './policy-draft.ts'
import { type PolicyScope, rulesToShow, statedIn, storedRules } from './policy-scope.ts'
import { differingRules, type Override, type RuleName, type Rules } from './rules.ts'

/** The state of the form over a policy. */
export interface PolicyEditor {
  readonly draft: PolicyDraft
  readonly setDraft: (draft: PolicyDraft) => void
  readonly stated: ReadonlySet<RuleName>
  readonly setStated: (name: RuleName, isStated: boolean) => void
  /** All rules as the form has them. */
  readonly rules: Rules
  /** Those of them that the scope itself states: what is saved. */
  readonly own: Override
  readonly changes: readonly RuleName[]
  readonly problems: ReturnType<typeof problemsOf>
}

/** Keeps what is typed until it is saved; mount it anew for another scope. */
export function usePolicyEditor(scope: PolicyScope): PolicyEditor {
  const [draft, setDraft] = useState(() => draftOf(rulesToShow(scope)))
  const [stated, setStated] = useState(() => statedIn(scope))
  const rules = useMemo(() => rulesIn(draft), [draft])
  const own = useMemo(() => statedRules(rules, stated), [rules, stated])
  return {
    draft,
    setDraft,
    stated,
    setStated: (name, isStated) => {
      setStated(new Set(isStated ? [...stated, name] : [...stated].filter((one) => one !== name)))
      // What is not stated any more is as everybody has it.
      if (!isStated) setDraft({ ...draft, [name]: draftOf(rulesToShow({ ...scope, kind: 'tenant' }))[name] })
    },
    rules,
    own,
    changes: differingRules(own, storedRules(scope)),
    problems: problemsOf(own),
  }
}
