import { Body, Controller, Delete, Get, Header, Inject, Param, Post } from '@nestjs/common'
import { ApiProduces, ApiTags } from '@nestjs/swagger'
import { z } from 'zod'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import {
  type CreatedDevice,
  createdDevice,
  type CreateDeviceRequest,
  createDeviceRequest,
  type DeviceView,
  deviceView,
  type WriteProfileRequest,
  writeProfileRequest,
} from './devices.schemas.ts'
import { DevicesService } from './devices.service.ts'

@ApiTags('devices')
@Controller('api/v1/devices')
@Access('self.write')
export class DevicesController {
  readonly #devices: DevicesService

  constructor(@Inject(DevicesService) devices: DevicesService) {
    this.#devices = devices
  }

  @Get()
  @Access('self.read')
  @Contract({ summary: 'Lists own devices; administrators see all', response: z.array(deviceView) })
  list(@CurrentActor() actor: Actor): Promise<DeviceView[]> {
    return this.#devices.list(actor)
  }

  @Post()
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Enrols a device from a certificate signing request',
    body: createDeviceRequest,
    status: 201,
    response: createdDevice,
  })
  create(
    @CurrentActor() actor: Actor,
    @Body(new ZodValidationPipe(createDeviceRequest)) request: CreateDeviceRequest,
  ): Promise<CreatedDevice> {
    return this.#devices.create(actor, request)
  }

  @Post(':id/profile')
  @Header('cache-control', 'no-store')
  @Header('content-type', 'application/x-openvpn-profile')
  @ApiProduces('application/x-openvpn-profile')
  @Contract({
    summary: 'Writes the profile anew, without the private key',
    body: writeProfileRequest,
    response: z.string(),
  })
  profile(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(writeProfileRequest)) request: WriteProfileRequest,
  ): Promise<string> {
    return this.#devices.profile(actor, id, request.flavour)
  }

  @Delete(':id')
  @Contract({ summary: 'Revokes a device and cuts its connections', status: 204 })
  revoke(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#devices.revoke(actor, id)
  }
}
