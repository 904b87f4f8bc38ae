// lint as: libs/ip-pool/src/wrong-import.ts
// expect: @nx/enforce-module-boundaries
import { Injectable } from '@nestjs/common'

export const decorate = Injectable
