import type { FuzzTarget } from './fuzz-target.ts'
import { controlMessageTargets } from './targets/control-messages.ts'
import { controlPacketTargets } from './targets/control-packets.ts'
import { introductionTargets } from './targets/introduction.ts'
import { sessionTargets } from './targets/sessions.ts'

/** Every target; the order is that of a connection. */
export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  ...controlPacketTargets,
  ...introductionTargets,
  ...controlMessageTargets,
  ...sessionTargets,
]
