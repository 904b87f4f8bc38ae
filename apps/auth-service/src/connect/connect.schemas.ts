import type { z } from 'zod'

import { signInRequest } from '../sign-in/sign-in.schemas.ts'

/** The page's form; the tenant is the connection's. */
export const connectSignIn = signInRequest.omit({ tenant: true })
export type ConnectSignIn = z.infer<typeof connectSignIn>
