import { Module } from '@nestjs/common'

import { BrandingModule } from '../branding/branding.module.ts'
import { MailModule } from '../mail/mail.module.ts'
import { OrdersModule } from '../node-api/orders.module.ts'
import { TenantsModule } from '../tenants/tenants.module.ts'
import { UsersModule } from '../users/users.module.ts'
import { LinksController } from './links.controller.ts'
import { LinksService } from './links.service.ts'
import { OneTimeLinks } from './one-time-links.ts'
import { PasswordLinks } from './password-links.ts'
import { PasswordReset } from './password-reset.ts'

/** Links that work once, and what is done with those for passwords. */
@Module({
  imports: [BrandingModule, MailModule, OrdersModule, TenantsModule, UsersModule],
  controllers: [LinksController],
  providers: [OneTimeLinks, PasswordLinks, LinksService, PasswordReset],
  exports: [OneTimeLinks, PasswordLinks],
})
export class LinksModule {}
