import { setTimeout as delay } from 'node:timers/promises'

import { hashPassword, verifyPassword } from '@sallyport/identity'

import { type Returner, returnFor, returnSteadily, signInAll, signInUntil } from './auth-load.ts'
import { type AuthServiceUnderTest, startAuthService } from './auth-service.ts'
import { cpuSeconds } from './cpu-time.ts'
import { type BenchResult, compare, quantile } from './report.ts'

const DEVICES = 200
const ROUNDS = 5
const TOKEN_RUN_MS = 4000
/** Calls under way in the row about cost: as many as come when a node restarts. */
const TOKENS_TOGETHER = 64
const STEADY_PER_SECOND = 100
const STEADY_SECONDS = 8
const PASSWORDS_TOGETHER = 16
const PASSWORD_RUN_MS = 4000
/** What 1,000 reconnects per second and core come to. */
const GOAL_CPU_MS = 1

/** Rows of the auth-service alone: neither a node nor the other server takes part. */
export const AUTH_ROWS = ['auth-token', 'auth-password', 'auth-token-p99'] as const

/** Measures what sign-ins cost the auth-service, and whether those with passwords hold up those with tokens. */
export async function measureAuth(checkpoint: (message: string) => void): Promise<BenchResult[]> {
  checkpoint('starting the auth-service')
  await using service = await startAuthService(DEVICES)
  checkpoint('signing in')
  const returners = await signInAll(service.node, service.devices, 8)
  await returnFor(service.node, returners, TOKENS_TOGETHER, TOKEN_RUN_MS)
  const token = await tokenCosts(service, returners, checkpoint)
  const password = await passwordRates(service, checkpoint)
  const p99 = await waitsOfTokens(service, returners, checkpoint)
  return [token, password, p99].map(compare)
}

type Row = Parameters<typeof compare>[0]
type Checkpoint = (message: string) => void

async function tokenCosts(
  { node, pid }: AuthServiceUnderTest,
  returners: readonly Returner[],
  checkpoint: Checkpoint,
): Promise<Row> {
  const ours: number[] = []
  const rates: number[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    const before = await cpuSeconds(pid)
    const calls = await returnFor(node, returners, TOKENS_TOGETHER, TOKEN_RUN_MS)
    const cost = (((await cpuSeconds(pid)) - before) * 1000) / calls
    ours.push(cost)
    rates.push((calls * 1000) / TOKEN_RUN_MS)
    checkpoint(
      `auth-token, round ${String(round)} of ${String(ROUNDS)}: ${cost.toFixed(2)} CPU ms per call, ${String(calls)} calls`,
    )
  }
  return {
    name: 'auth-token',
    unit: 'CPU ms per call',
    ours,
    peer: [GOAL_CPU_MS],
    conditions:
      `user and system time of the auth-service's process per authorise call with a session token, ${String(TOKENS_TOGETHER)} under way; ` +
      `"peer" is the goal; ${rates.map((rate) => rate.toFixed(0)).join(', ')} calls a second beside PostgreSQL and the client on the same cores`,
  }
}

async function passwordRates({ node, devices }: AuthServiceUnderTest, checkpoint: Checkpoint): Promise<Row> {
  const ours: number[] = []
  const peer: number[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    const signal = AbortSignal.timeout(PASSWORD_RUN_MS)
    const startMs = performance.now()
    const done = await signInUntil(node, devices, PASSWORDS_TOGETHER, signal)
    ours.push((done * 1000) / (performance.now() - startMs))
    peer.push(await argon2Rate())
    checkpoint(
      `auth-password, round ${String(round)}: ${ours.at(-1)?.toFixed(1) ?? ''} a second, argon2 alone ${peer.at(-1)?.toFixed(1) ?? ''}`,
    )
  }
  return {
    name: 'auth-password',
    unit: 'sign-ins per s',
    ours,
    peer,
    conditions: `VPN sign-ins with a password, ${String(PASSWORDS_TOGETHER)} under way; "peer" is argon2id alone on as many threads`,
  }
}

/** What the same threads do when there is nothing but passwords to check. */
async function argon2Rate(): Promise<number> {
  const hash = await hashPassword('alone')
  const startMs = performance.now()
  let done = 0
  const worker = async (): Promise<void> => {
    while (performance.now() - startMs < PASSWORD_RUN_MS) {
      await verifyPassword(hash, 'alone')
      done += 1
    }
  }
  await Promise.all(Array.from({ length: PASSWORDS_TOGETHER }, worker))
  return (done * 1000) / (performance.now() - startMs)
}

async function waitsOfTokens(
  { node, devices }: AuthServiceUnderTest,
  returners: readonly Returner[],
  checkpoint: Checkpoint,
): Promise<Row> {
  const ours: number[] = []
  const peer: number[] = []
  const p99 = async (): Promise<number> =>
    quantile(await returnSteadily(node, returners, STEADY_PER_SECOND, STEADY_SECONDS), 0.99)
  for (let round = 1; round <= ROUNDS; round++) {
    peer.push(await p99())
    const stop = new AbortController()
    const passwords = signInUntil(node, devices, PASSWORDS_TOGETHER, stop.signal)
    await delay(500)
    ours.push(await p99())
    stop.abort()
    await passwords
    checkpoint(
      `auth-token-p99, round ${String(round)}: ${ours.at(-1)?.toFixed(1) ?? ''} ms, without passwords ${peer.at(-1)?.toFixed(1) ?? ''} ms`,
    )
  }
  return {
    name: 'auth-token-p99',
    unit: 'ms',
    ours,
    peer,
    conditions:
      `${String(STEADY_PER_SECOND)} authorise calls with tokens a second from when each was due, while ${String(PASSWORDS_TOGETHER)} ` +
      'sign-ins with passwords are always under way; "peer" is the same without passwords',
  }
}
