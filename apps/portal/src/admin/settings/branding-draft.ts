import { isColour } from '../../session/contrast.ts'
import type { Settings, SettingsChange } from './settings.ts'

/** How the tenant looks, as it stands in a form; empty texts are none. */
export interface BrandingDraft {
  readonly displayName: string
  readonly accentColour: string
  readonly supportText: string
  readonly supportUrl: string
  /** What becomes of the logo: it stays, goes, or is replaced by a PNG file in base64. */
  readonly logo: 'keep' | 'remove' | { readonly base64: string }
}

/** The texts of it. */
export type BrandingField = Exclude<keyof BrandingDraft, 'logo'>
type BrandingChange = NonNullable<SettingsChange['branding']>

/** The fields in their order. */
export const BRANDING_FIELDS: readonly BrandingField[] = ['displayName', 'accentColour', 'supportText', 'supportUrl']

/** Writes the looks of a tenant into a form. */
export function brandingDraftOf({
  displayName,
  accentColour,
  supportText,
  supportUrl,
}: Settings['branding']): BrandingDraft {
  return {
    displayName: displayName ?? '',
    accentColour: accentColour ?? '',
    supportText: supportText ?? '',
    supportUrl: supportUrl ?? '',
    logo: 'keep',
  }
}

/** Reads what a form changes; what was emptied is taken away. */
export function brandingChangeIn(draft: BrandingDraft, before: BrandingDraft): BrandingChange {
  const changed = BRANDING_FIELDS.filter((field) => draft[field].trim() !== before[field])
  const logo = draft.logo === 'keep' ? {} : { logo: draft.logo === 'remove' ? null : draft.logo.base64 }
  return { ...Object.fromEntries(changed.map((field) => [field, draft[field].trim() || null])), ...logo }
}

/** Names the fields that the service would refuse. */
export function brandingProblemsOf({ accentColour, supportUrl }: BrandingDraft): ReadonlySet<BrandingField> {
  const problems = new Set<BrandingField>()
  if (accentColour.trim() !== '' && !isColour(accentColour.trim())) problems.add('accentColour')
  if (supportUrl.trim() !== '' && !isSupportUrl(supportUrl.trim())) problems.add('supportUrl')
  return problems
}

function isSupportUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, hostname, pathname } = new URL(text)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' ? hostname !== '' : protocol === 'mailto:' && /^[^@\s]+@[^@\s]+$/.test(pathname)
}
