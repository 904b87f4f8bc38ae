/** The filter of a column that contains a text, in any case; `%` and `_` stand for themselves. */
export function containing(text: string): { contains: string; mode: 'insensitive' } {
  return { contains: text.replaceAll(/[\\%_]/g, String.raw`\$&`), mode: 'insensitive' }
}
