import { Body, Controller, Delete, Get, Header, Inject, Param, Patch, Post, Query, Res } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import type { Page } from '../http/page.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { DeviceEnrolment } from './device-enrolment.ts'
import { DeviceRenewal } from './device-renewal.ts'
import {
  type ChangeDeviceRequest,
  changeDeviceRequest,
  type CreatedDevice,
  createdDevice,
  type CreateDeviceRequest,
  createDeviceRequest,
  type CreateImportLinkRequest,
  createImportLinkRequest,
  deviceList,
  type DeviceView,
  deviceView,
  type ImportLinkView,
  importLinkView,
  type ListDevicesQuery,
  listDevicesQuery,
  type RenewDeviceRequest,
  renewDeviceRequest,
  type WriteProfileRequest,
  writeProfileRequest,
} from './devices.schemas.ts'
import { DevicesService } from './devices.service.ts'
import { PROFILE_MEDIA_TYPE } from './import-links.controller.ts'

const EXAMPLE_CSR = '-----BEGIN CERTIFICATE REQUEST-----\nMIIB…\n-----END CERTIFICATE REQUEST-----\n'

@ApiTags('devices')
@Controller('api/v1/devices')
@Access('self.write')
export class DevicesController {
  readonly #devices: DevicesService
  readonly #enrolment: DeviceEnrolment
  readonly #renewal: DeviceRenewal

  constructor(
    @Inject(DevicesService) devices: DevicesService,
    @Inject(DeviceEnrolment) enrolment: DeviceEnrolment,
    @Inject(DeviceRenewal) renewal: DeviceRenewal,
  ) {
    this.#devices = devices
    this.#enrolment = enrolment
    this.#renewal = renewal
  }

  @Get()
  @Access('self.read')
  @Contract({ summary: "Lists own devices; all users' for who may see them", response: deviceList })
  list(
    @CurrentActor() actor: Actor,
    @Query(new ZodValidationPipe(listDevicesQuery)) query: ListDevicesQuery,
  ): Promise<Page<DeviceView>> {
    return this.#devices.list(actor, query)
  }

  @Post()
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Enrols a device from a certificate signing request, or with a key that the service makes',
    description:
      'May be sent again when its answer was lost: for a key that you enrolled in the same network in the last hour it ' +
      'answers 200 with that device.',
    status: 201,
    response: createdDevice,
    examples: { body: { name: 'laptop', csr: EXAMPLE_CSR } },
  })
  async create(
    @CurrentActor() actor: Actor,
    @Body(new ZodValidationPipe(createDeviceRequest)) request: CreateDeviceRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreatedDevice> {
    const { device, isNew } = await this.#enrolment.create(actor, request)
    if (!isNew) void reply.status(200)
    return device
  }

  @Post(':id/renew')
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Renews the certificate of an own device',
    description:
      'The present certificate is good until the new one is used for the first time. May be sent again when its answer ' +
      'was lost: for the key that was certified in the last hour it gives the same certificate. As long as the new one ' +
      'was not used, another key may take its place; the certificate lives no longer for that.',
    response: createdDevice,
    examples: { body: { csr: EXAMPLE_CSR } },
  })
  renew(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(renewDeviceRequest)) request: RenewDeviceRequest,
  ): Promise<CreatedDevice> {
    return this.#renewal.renew(actor, id, request)
  }

  @Post(':id/import-link')
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Makes a link that gives the whole profile of an own device once',
    description:
      'For devices with a server-made key. The profile has a new key and certificate; the present ones are good until ' +
      'the new ones are used.',
    status: 201,
    response: importLinkView,
  })
  createImportLink(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(createImportLinkRequest)) request: CreateImportLinkRequest,
  ): Promise<ImportLinkView> {
    return this.#renewal.createImportLink(actor, id, request)
  }

  @Post(':id/profile')
  @Header('cache-control', 'no-store')
  @Header('content-type', PROFILE_MEDIA_TYPE)
  @Contract({
    summary: 'Writes the profile anew, without the private key',
    response: z.string(),
    produces: PROFILE_MEDIA_TYPE,
  })
  profile(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(writeProfileRequest)) request: WriteProfileRequest,
  ): Promise<string> {
    return this.#devices.profile(actor, id, request.flavour)
  }

  @Patch(':id')
  @Contract({ summary: 'Gives a device another name', response: deviceView })
  rename(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(changeDeviceRequest)) { name }: ChangeDeviceRequest,
  ): Promise<DeviceView> {
    return this.#devices.rename(actor, id, name)
  }

  @Delete(':id')
  @Contract({ summary: 'Revokes a device and cuts its connections', status: 204 })
  revoke(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#devices.revoke(actor, id)
  }
}
