import type { Challenge } from '@sallyport/contracts'
import { Metrics } from '@sallyport/telemetry'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import type { Admission, Applicant } from './admission.ts'
import { CHALLENGE_OUTCOMES, Dialogue, type Introduced } from './dialogue.ts'
import { SAMPLE_ID, SAMPLE_LEASE, sampleGrant, samplePath } from './testing/sample-grant.ts'

const ADMITTED: Admission = { type: 'admitted', grant: sampleGrant(), lease: SAMPLE_LEASE, network: 0 }
const CODE: Challenge = {
  decision: 'challenge',
  state: 'state-1',
  method: 'code',
  prompt: 'Code please',
  echo: true,
  expiresInSeconds: 300,
}
const WEB: Challenge = { ...CODE, method: 'web', url: 'https://vpn.example.com/connect/state-1' }
const challenged = (challenge: Challenge): Admission => ({ type: 'challenged', challenge })
const refused = (code: string): Admission => ({ type: 'refused', refusal: { code, message: `because ${code}` } })

const outcomes = new Metrics().reasonCounter('challenges', 'Challenges.', CHALLENGE_OUTCOMES)
let asked: Applicant['answer'][]
let answers: (Admission | Promise<Admission>)[]
let heard: unknown[]
let dialogue: Dialogue

const applicant = (dialogues: Introduced['request']['dialogues']): Introduced => ({
  identity: { tenantId: SAMPLE_ID, deviceId: SAMPLE_ID },
  path: samplePath(),
  current: undefined,
  request: {
    phase: 'initial',
    username: 'bob',
    password: 'secret',
    peerInfo: new Map(),
    peer: { verifyError: undefined, certificateSha256: '', certificateSerial: '', commonName: SAMPLE_ID },
    dialogues,
  },
})

beforeEach(() => {
  vi.useFakeTimers()
  asked = []
  answers = []
  heard = []
  const desk = {
    decide: ({ answer }: Applicant) => {
      asked.push(answer)
      return Promise.resolve(answers.shift() ?? refused('not expected'))
    },
  }
  dialogue = new Dialogue(
    desk,
    {
      pending: (_keyId, { method, timeoutSeconds }) => heard.push({ ...method, timeoutSeconds }),
      settled: (_keyId, admission) => heard.push(admission),
      late: (admission) => heard.push({ late: admission.type }),
    },
    outcomes,
  )
})
afterEach(() => {
  dialogue.close()
  vi.useRealTimers()
})

async function begin(dialogues: Introduced['request']['dialogues'], ...given: Admission[]): Promise<void> {
  answers.push(...given)
  dialogue.begin(0, applicant(dialogues))
  await vi.advanceTimersByTimeAsync(0)
}

async function respond(response: string, ...given: Admission[]): Promise<void> {
  answers.push(...given)
  dialogue.respond(0, response)
  await vi.advanceTimersByTimeAsync(0)
}

const TEXT = { kind: 'text', prompt: 'Code please', echo: true, timeoutSeconds: 300 }

it('settles at once what needs no more than was said', async () => {
  await begin(['text', 'web'], ADMITTED)
  expect(heard).toEqual([ADMITTED])
  expect(asked).toEqual([undefined])
})

it('asks for a text, and settles with what follows from the answer', async () => {
  await begin(['dynamic-challenge', 'text'], challenged(CODE))
  expect(heard).toEqual([TEXT])
  await respond('123456', ADMITTED)
  expect(asked[1]).toEqual({ kind: 'challenge-response', state: 'state-1', response: '123456' })
  expect(heard).toEqual([TEXT, ADMITTED])
})

it.each(['wrong-otp', 'otp-reused'])('asks for the text again after %s, within the time of the first', async (code) => {
  await begin(['text'], challenged(CODE))
  await vi.advanceTimersByTimeAsync(100_000)
  await respond('000000', refused(code))
  expect(heard[1]).toEqual({ ...TEXT, prompt: `because ${code}`, timeoutSeconds: 200 })
  await respond('123456', ADMITTED)
  expect(asked[2]).toMatchObject({ state: 'state-1', response: '123456' })
  expect(heard[2]).toEqual(ADMITTED)
})

it('gives up when the challenge takes no more answers', async () => {
  await begin(['text'], challenged(CODE))
  await respond('000000', refused('challenge-expired'))
  expect(heard[1]).toEqual(refused('challenge-expired'))
})

it('refuses with the question where the client can come back with the answer, and not wait', async () => {
  await begin(['dynamic-challenge'], challenged(CODE))
  const challenge = { stateId: 'state-1', username: 'bob', prompt: 'Code please', echo: true }
  expect(heard).toEqual([{ type: 'refused', refusal: { code: 'otp-required', message: 'Code please', challenge } }])
})

it('refuses for good after a wrong answer to a dynamic challenge', async () => {
  await begin(['dynamic-challenge'], refused('wrong-otp'))
  expect(heard).toEqual([refused('wrong-otp')])
})

it('refuses a challenge that the client has no dialogue for', async () => {
  await begin(['dynamic-challenge', 'text'], challenged(WEB))
  expect(heard).toMatchObject([{ refusal: { code: 'internal-error' } }])
})

it('sends the user to the browser, and goes on when it hears that the user was there', async () => {
  await begin(['web'], challenged(WEB))
  expect(heard).toEqual([{ kind: 'web', url: WEB.url, timeoutSeconds: 300 }])
  answers.push(ADMITTED)
  dialogue.answered('of somebody else')
  dialogue.answered('state-1')
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toEqual([undefined, { kind: 'challenge-response', state: 'state-1', response: '' }])
  expect(heard[1]).toEqual(ADMITTED)
})

it('asks by itself whether the user was there, should nobody tell, and waits on while auth-service is away', async () => {
  await begin(['web'], challenged(WEB))
  answers.push(challenged(WEB), refused('control-plane-away'), ADMITTED)
  await vi.advanceTimersByTimeAsync(30_000)
  expect(heard.slice(1)).toEqual([ADMITTED])
  await vi.advanceTimersByTimeAsync(600_000)
  expect(asked.length).toBe(4)
})

it('does not take a text for an answer that was to be given in the browser', async () => {
  await begin(['web'], challenged(WEB))
  await respond('123456')
  expect(asked.length).toBe(1)
})

it('refuses when the time is over', async () => {
  await begin(['text'], challenged(CODE))
  await vi.advanceTimersByTimeAsync(299_999)
  expect(heard.length).toBe(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(heard[1]).toMatchObject({ type: 'refused', refusal: { code: 'sign-in-not-completed' } })
  await respond('123456')
  expect(asked.length).toBe(1)
})

it('puts one question at a time, and gives back what comes for a request that was given up', async () => {
  const first = Promise.withResolvers<Admission>()
  answers.push(first.promise, ADMITTED)
  dialogue.begin(1, applicant([]))
  await vi.advanceTimersByTimeAsync(0)
  dialogue.begin(2, applicant([]))
  await vi.advanceTimersByTimeAsync(0)
  expect(asked.length).toBe(1)
  first.resolve(ADMITTED)
  await vi.advanceTimersByTimeAsync(0)
  expect(heard).toEqual([{ late: 'admitted' }, ADMITTED])
})

it('gives back what comes for a session that has ended, and asks nothing more', async () => {
  const first = Promise.withResolvers<Admission>()
  answers.push(first.promise)
  dialogue.begin(0, applicant(['text']))
  await vi.advanceTimersByTimeAsync(0)
  dialogue.close()
  first.resolve(ADMITTED)
  await vi.advanceTimersByTimeAsync(600_000)
  expect(heard).toEqual([{ late: 'admitted' }])
  expect(asked.length).toBe(1)
})

it('counts what was asked and what came of it', async () => {
  const before = outcomes.values()
  await begin(['text'], challenged(CODE))
  await respond('000000', refused('wrong-otp'))
  await respond('123456', ADMITTED)
  const after = outcomes.values()
  const grown = CHALLENGE_OUTCOMES.filter((outcome) => after[outcome] === before[outcome] + 1)
  expect(grown).toEqual(['text', 'repeated', 'answered'])
})
