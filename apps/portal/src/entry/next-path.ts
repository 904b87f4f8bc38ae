/** A path that a browser cannot take for another site: it ignores tabs and line ends, and takes a backslash for a slash. */
const OWN_PATH = /^\/(?!\/)[^\\\p{Cc}]*$/u

/** Where to go after a page that comes between: a path of the portal, never another site. */
export function readNext(search: Readonly<Record<string, unknown>>): { next?: string } {
  const { next } = search
  return typeof next === 'string' && OWN_PATH.test(next) ? { next } : {}
}
