/** Reads the details of an event; null when there are none, and the text itself when it is no JSON. */
export function readDetails(text: string | null): unknown {
  if (text === null) return null
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
