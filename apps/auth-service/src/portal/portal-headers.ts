const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
]

/** What the pages may use of a browser (Permissions Policy): passkeys, and the clipboard for what is to be copied. */
const PERMISSIONS_POLICY = [
  'publickey-credentials-get=(self)',
  'publickey-credentials-create=(self)',
  'clipboard-write=(self)',
  ...['camera', 'microphone', 'geolocation', 'usb', 'serial', 'hid', 'payment', 'clipboard-read'].map(
    (feature) => `${feature}=()`,
  ),
]

/**
 * What of the headers that every answer has is of use with a script, style or image: they are no documents, and what a
 * document may do is said with the document.
 */
export const ASSET_HEADERS: ReadonlySet<string> = new Set([
  'cross-origin-resource-policy',
  'strict-transport-security',
  'x-content-type-options',
])

/**
 * Headers of the portal's page, and of its files that could be a document. Only its own scripts and styles run, from files; no page of it is in
 * anybody's frame; its addresses, some of which are secrets, are in nobody's referrer.
 */
export function portalHeadersOf(isHttps: boolean): Readonly<Record<string, string>> {
  const policy = isHttps ? [...CONTENT_SECURITY_POLICY, 'upgrade-insecure-requests'] : CONTENT_SECURITY_POLICY
  return {
    'content-security-policy': policy.join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': PERMISSIONS_POLICY.join(', '),
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
  }
}
