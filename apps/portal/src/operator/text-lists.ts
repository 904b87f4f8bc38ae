/** Reads a field that has one entry a line, or entries between commas. */
export function entriesOf(text: string): string[] {
  return text.split(/[\s,;]+/).filter((entry) => entry !== '')
}
