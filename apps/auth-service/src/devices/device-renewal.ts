import { Inject, Injectable } from '@nestjs/common'
import type { Clock } from '@sallyport/foundation'
import { decideDevice } from '@sallyport/mfa-policy'

import type { Actor } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { PolicyService } from '../policy/policy.service.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { DeviceAccess, deviceEntry } from './device-access.ts'
import {
  createdDeviceOf,
  DAY_MS,
  DeviceCertificates,
  fingerprintOf,
  issuedAtMs,
  REPEATED_WITHIN_MS,
} from './device-certificates.ts'
import { type DeviceKey, deviceKeyOf } from './device-key.ts'
import { refusalOf } from './device-refusals.ts'
import { DevicesRepository, type DeviceWithOwners } from './devices.repository.ts'
import type {
  CreatedDevice,
  CreateImportLinkRequest,
  ImportLinkView,
  ProfileFlavour,
  RenewDeviceRequest,
} from './devices.schemas.ts'
import { ImportLinks } from './import-links.ts'
import { ProfileWriter } from './profile-writer.ts'

/** Gives devices their next certificate. */
@Injectable()
export class DeviceRenewal {
  readonly #access: DeviceAccess
  readonly #devices: DevicesRepository
  readonly #certificates: DeviceCertificates
  readonly #profiles: ProfileWriter
  readonly #links: ImportLinks
  readonly #policies: PolicyService
  readonly #clock: Clock

  constructor(
    @Inject(DeviceAccess) access: DeviceAccess,
    @Inject(DevicesRepository) devices: DevicesRepository,
    @Inject(DeviceCertificates) certificates: DeviceCertificates,
    @Inject(ProfileWriter) profiles: ProfileWriter,
    @Inject(ImportLinks) links: ImportLinks,
    @Inject(PolicyService) policies: PolicyService,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#access = access
    this.#devices = devices
    this.#certificates = certificates
    this.#profiles = profiles
    this.#links = links
    this.#policies = policies
    this.#clock = clock
  }

  /**
   * Gives an own device a new certificate; the present one is good until the new one is used. A request for the key that
   * was certified in the last hour was sent again: it gets the same certificate.
   */
  async renew(actor: Actor, deviceId: string, request: RenewDeviceRequest): Promise<CreatedDevice> {
    const device = await this.#access.findOwn(actor, deviceId)
    const key = await deviceKeyOf(request)
    if (await this.#isRepeated(device, key)) {
      return createdDeviceOf(device, { profile: await this.#profiles.write(device, request.flavour) })
    }
    const { profile, columns } = await this.#reissue(
      actor,
      device,
      key,
      request.flavour,
      await this.#renewedEnd(device),
    )
    return createdDeviceOf({ ...device, ...columns }, { profile })
  }

  /** Makes a link that gives the whole profile once, with a new key: the key of before is not here any more. */
  async createImportLink(actor: Actor, deviceId: string, request: CreateImportLinkRequest): Promise<ImportLinkView> {
    const device = await this.#access.findOwn(actor, deviceId)
    if (!device.serverMadeKey) {
      const message =
        'The private key of this device was made on the device and is not here. Please enrol one with a server-made key.'
      throw new ApiProblem(409, 'key-not-here', message)
    }
    const key = await deviceKeyOf({})
    // A link that comes before the time of renewal gives no longer life.
    const endsAtMs = await this.#renewedEnd(device).catch((error: unknown) => {
      if (error instanceof ApiProblem && error.code === 'renewal-too-early') return device.certificateNotAfter.getTime()
      throw error
    })
    const { importLink } = await this.#reissue(actor, device, key, request.flavour, endsAtMs, request.expiresInSeconds)
    if (importLink === undefined) throw new Error('an import link was not made')
    return importLink
  }

  async #reissue(
    actor: Actor,
    device: DeviceWithOwners,
    key: DeviceKey,
    flavour: ProfileFlavour,
    endsAtMs: number,
    linkSeconds?: number,
  ) {
    const { tenant, user } = device
    const columns = await this.#certificates.issue(tenant, device.id, key.publicKey, endsAtMs)
    const renewed = { ...columns, serverMadeKey: key.privateKeyPem !== undefined }
    const profile = await this.#profiles.write({ ...device, ...columns, tenant, user }, flavour, {
      privateKeyPem: key.privateKeyPem,
    })
    const entry = deviceEntry(actor, 'device.renew', device, { key: key.source })
    const importLink = await this.#devices.renew(device, renewed, entry, async (session) =>
      linkSeconds === undefined
        ? undefined
        : this.#links.create(session, { ...device, ...columns }, profile, linkSeconds),
    )
    return { profile, columns, importLink }
  }

  /** One of an authority that is replaced is renewed at once, with whatever key. */
  async #isRepeated(device: DeviceWithOwners, key: DeviceKey): Promise<boolean> {
    const isSameKey = device.publicKeySha256 === fingerprintOf(key.publicKey)
    const isFresh = this.#clock.now() - issuedAtMs(device.certificate) <= REPEATED_WITHIN_MS
    return isSameKey && isFresh && (await this.#isOfPresentSigner(device))
  }

  /** Tells until when a renewed certificate would be good; throws the refusal when it is too early, or too late. */
  async #renewedEnd(device: DeviceWithOwners): Promise<number> {
    const { policy } = await this.#policies.effectiveFor(device.tenantId, device.userId)
    const nowMs = this.#clock.now()
    const decision = decideDevice(policy, {
      kind: 'renew',
      nowMs,
      revoked: device.revokedAt !== null,
      certificateEndsAtMs: device.certificateNotAfter.getTime(),
    })
    if (decision.decision === 'allow') return decision.certificateEndsAtMs
    if (decision.reason !== 'renewal-too-early') throw refusalOf(decision, policy)
    if (!(await this.#isOfPresentSigner(device))) return nowMs + policy.deviceCertificateDays * DAY_MS
    // Whoever lost the key of a renewal that was never used gets another, for no longer.
    if (device.previousCertificateSha256 !== null) return device.certificateNotAfter.getTime()
    throw refusalOf(decision, policy)
  }

  async #isOfPresentSigner(device: DeviceWithOwners): Promise<boolean> {
    return device.authorityId === (await this.#certificates.signerOf(device.tenant))
  }
}
