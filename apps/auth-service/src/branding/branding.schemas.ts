import { z } from 'zod'

import { ONE_LINE } from '../http/one-line.ts'
import { displayName } from '../tenants/tenants.schemas.ts'
import { accentColour } from './accent-colour.ts'
import { LOGO_BYTES, logoFile } from './logo-file.ts'

const MAX_SUPPORT_CHARACTERS = 300
const MAX_URL_CHARACTERS = 512

const supportText = z
  .string()
  .trim()
  .min(1)
  .max(MAX_SUPPORT_CHARACTERS)
  .regex(ONE_LINE, 'must be one line without control characters')

const supportUrl = z
  .string()
  .trim()
  .max(MAX_URL_CHARACTERS)
  .refine(isSupportUrl, 'must begin with https:// or mailto:, without a password in it')

/** What a tenant's administrators change of its looks; what is left out stays, null takes away. */
export const changeBranding = z.strictObject({
  displayName: displayName.nullable().optional().describe('shown in the place of the product’s name'),
  accentColour: accentColour.nullable().optional(),
  logo: logoFile
    .nullable()
    .optional()
    .describe(`base64 of a PNG file of at most ${String(LOGO_BYTES / 1024)} KiB and 1024 × 1024 pixels`),
  supportText: supportText.nullable().optional().describe('where people find help, in a sentence'),
  supportUrl: supportUrl
    .nullable()
    .optional()
    .describe('where people find help: a page or a mail address')
    .meta({ examples: ['mailto:help@example.com'] }),
})
export type ChangeBranding = z.infer<typeof changeBranding>

/** How a tenant looks. Everybody may know: it is shown before anybody signs in. */
export const brandingView = z.strictObject({
  displayName: z.string().nullable(),
  accentColour: z
    .string()
    .nullable()
    .describe('`#rrggbb`')
    .meta({ examples: ['#1f6f8b'] }),
  accentTextColour: z
    .enum(['#000000', '#ffffff'])
    .nullable()
    .describe('the colour of text on the accent colour: a contrast of 4.5:1 at least'),
  logoUrl: z.string().nullable().describe('path of a PNG file; changes with the file'),
  supportText: z.string().nullable(),
  supportUrl: z
    .string()
    .nullable()
    .describe('`https:` or `mailto:`')
    .meta({ examples: ['mailto:help@example.com'] }),
})
export type BrandingView = z.infer<typeof brandingView>

/** Looks like the product itself. */
export const NO_BRANDING: BrandingView = {
  displayName: null,
  accentColour: null,
  accentTextColour: null,
  logoUrl: null,
  supportText: null,
  supportUrl: null,
}

function isSupportUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, hostname, pathname } = new URL(text)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' ? hostname !== '' : protocol === 'mailto:' && /^[^@\s]+@[^@\s]+$/.test(pathname)
}
