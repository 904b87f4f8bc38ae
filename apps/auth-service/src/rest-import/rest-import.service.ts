import { Inject, Injectable } from '@nestjs/common'
import { z } from 'zod'

import { DeviceEnrolment } from '../devices/device-enrolment.ts'
import type { CreateDeviceRequest } from '../devices/devices.schemas.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { factorAnswer, type FactorRequiredAnswer, signInRequest } from '../sign-in/sign-in.schemas.ts'
import { type SignedInUser, type SignInResult, SignInService } from '../sign-in/sign-in.service.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import { displayName } from '../tenants/tenants.schemas.ts'
import { parseAccountName } from './account-name.ts'
import { parseBasicCredentials, type ShownCredentials } from './basic-credentials.ts'
import { authFailed, challengeOf, mustEnrol, type RestError } from './rest-error.ts'

const TOTP_CODE = /^\d{6}$/
const DEFAULT_NAME = 'OpenVPN Connect'
/** What a client may say about itself; other parameters are not ours to judge. */
const clientQuery = z.object({
  'tls-cryptv2': z.string().optional(),
  deviceModel: z.string().optional(),
  deviceOS: z.string().optional(),
})

/** What a client sent. */
export interface ImportRequest {
  readonly authorization: string | undefined
  readonly query: unknown
  readonly source: string
}

/** A whole profile, or the refusal. */
export type ImportResult = { readonly profile: string } | { readonly error: RestError }

/** Enrols a device for a client that imports from a host name: it has a name, a password and perhaps a code. */
@Injectable()
export class RestImport {
  readonly #signIn: SignInService
  readonly #enrolment: DeviceEnrolment
  readonly #tenants: TenantsRepository

  constructor(
    @Inject(SignInService) signIn: SignInService,
    @Inject(DeviceEnrolment) enrolment: DeviceEnrolment,
    @Inject(TenantsRepository) tenants: TenantsRepository,
  ) {
    this.#signIn = signIn
    this.#enrolment = enrolment
    this.#tenants = tenants
  }

  async userLogin({ authorization, query, source }: ImportRequest): Promise<ImportResult> {
    const shown = parseBasicCredentials(authorization)
    if (shown === undefined) return { error: authFailed(401, 'Please give a user name and a password.') }
    try {
      const result = await this.#check(shown, source)
      if ('error' in result) return result
      if (result.status === 'factor-required') return { error: challengeFor(result, shown.name) }
      const { mustChangePassword, mustEnrolFactor } = result.view
      if (mustChangePassword) {
        return { error: mustEnrol('Please sign in to the portal and choose a password of your own first.') }
      }
      if (mustEnrolFactor) return { error: mustEnrol('Please sign in to the portal and enrol a second factor first.') }
      return { profile: await this.#enrol(result, query) }
    } catch (error) {
      if (error instanceof ApiProblem) return { error: refusalOf(error) }
      throw error
    }
  }

  async #check(shown: ShownCredentials, source: string): Promise<SignInResult | { error: RestError }> {
    const account = parseAccountName(shown.name)
    if (account === undefined) {
      return { error: authFailed(401, 'Please give your user name as organisation/user or user@organisation.') }
    }
    if (shown.kind === 'password') {
      const request = signInRequest.safeParse({ ...account, password: shown.password })
      return request.success ? this.#signIn.signIn(request.data, source) : NOT_RIGHT
    }
    const answer = factorAnswer.safeParse(answerOf(shown.response))
    return answer.success ? this.#signIn.answer(shown.challenge, answer.data, source) : NOT_RIGHT
  }

  async #enrol({ user }: SignedInUser, query: unknown): Promise<string> {
    const { tenantId, id: userId } = user
    const client = clientQuery.safeParse(query).data ?? {}
    const tenant = await this.#tenants.find(tenantId)
    const isModern = client['tls-cryptv2'] === '1' || tenant?.legacyClients === 'off'
    const request: CreateDeviceRequest = {
      name: nameOf(client),
      key: 'server-made',
      flavour: isModern ? 'modern' : 'legacy',
    }
    // The name that the user typed here is not the one that the VPN knows.
    const { device } = await this.#enrolment.create(
      { tenantId, userId, auditName: `user:${userId}` },
      request,
      user.username,
    )
    if (device.profile === undefined) throw new Error('a profile was not written')
    return device.profile
  }
}

/** No password and no code can be like this. */
const NOT_RIGHT = { error: authFailed(401, 'The organisation, user name or password is not right.') }

function answerOf(response: string): { method: string; code: string } {
  const code = response.trim()
  return { method: TOTP_CODE.test(code) ? 'totp' : 'recovery-code', code }
}

function challengeFor({ challenge, methods }: FactorRequiredAnswer, name: string): RestError {
  const canBeTyped = methods.includes('totp') || methods.includes('recovery-code')
  if (canBeTyped) return challengeOf(challenge, name, 'Please give the code of your authenticator app.')
  return mustEnrol('Your second factor needs a browser. Please sign in to the portal and make an import link there.')
}

/** The device is named after what the client says about itself. */
function nameOf({ deviceModel, deviceOS }: z.infer<typeof clientQuery>): string {
  const said = [deviceModel, deviceOS].filter((text) => text !== undefined && text !== '').join(' ')
  return displayName.safeParse(said.slice(0, 64)).data ?? DEFAULT_NAME
}

function refusalOf(problem: ApiProblem): RestError {
  const isAboutCredentials = [401, 410, 429].includes(problem.status)
  if (isAboutCredentials) return authFailed(problem.status === 410 ? 401 : problem.status, problem.message)
  return { status: problem.status, type: 'Access denied', message: problem.message }
}
