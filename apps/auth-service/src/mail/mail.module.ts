import { Module } from '@nestjs/common'

import { Mailer } from './mailer.ts'

/** Mail to users, where the operator gave an SMTP server. */
@Module({ providers: [Mailer], exports: [Mailer] })
export class MailModule {}
