/** What an address of the portal is: its page, or one of its files, relative to the build. */
export type PortalTarget =
  { readonly kind: 'page' } | { readonly kind: 'asset' | 'file'; readonly path: string } | undefined

/** First parts of addresses that are others' and never the portal's page. */
const OTHERS: ReadonlySet<string> = new Set(['api', 'crl', 'rest', 'health', 'assets'])
/** A build's names: no dots at the beginning, no separators, nothing encoded. */
const ASSET = /^\/(assets\/[\w-]+(?:\.[\w-]+)*)$/
const FILE = /^\/([\w-]+(?:\.[\w-]+)+)$/
const TAKES_HTML = /(?:^|[,\s])(?:text\/html|text\/\*|\*\/\*)\s*(?:[;,]|$)/i

/**
 * Tells what the portal answers to GET, by the address as it was sent and the header Accept; `undefined` when it is not
 * its to answer. Every address that no file has is the page's: it finds its way by itself.
 */
export function portalTargetOf(url: string, accept: string | undefined): PortalTarget {
  const path = url.split(/[?#]/, 1)[0] ?? ''
  const [, asset] = ASSET.exec(path) ?? []
  if (asset !== undefined) return { kind: 'asset', path: asset }
  const [, file] = FILE.exec(path) ?? []
  if (file === 'index.html') return { kind: 'page' }
  if (file !== undefined) return { kind: 'file', path: file }
  const [, first = ''] = path.split('/')
  if (OTHERS.has(first)) return undefined
  return accept === undefined || TAKES_HTML.test(accept) ? { kind: 'page' } : undefined
}
