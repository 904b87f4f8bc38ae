/** The media type of profiles. */
export const PROFILE_TYPE = 'application/x-openvpn-profile'

/** Lets the browser save a text as a file; nothing is sent anywhere. */
export function saveFile(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  document.body.append(link)
  link.click()
  link.remove()
  // The browser reads the file after the click, so that it must not go at once.
  setTimeout(() => {
    URL.revokeObjectURL(url)
  }, 10_000)
}
