/** Text between the tags of an inline block of a profile. */
export function blockOf(profile: string, name: string): string {
  const found = new RegExp(`<${name}>\\n([\\s\\S]*?)</${name}>`).exec(profile)?.[1]
  if (found === undefined) throw new Error(`the profile has no <${name}>`)
  return found
}

/** The profile with another text in an inline block. */
export function withBlock(profile: string, name: string, text: string): string {
  const inline = `<${name}>\n${text.trimEnd()}\n</${name}>`
  return profile.replace(`<${name}>\n${blockOf(profile, name)}</${name}>`, () => inline)
}

/** The profile without an option that it must have. */
export function withoutOption(profile: string, option: string): string {
  const changed = profile.replace(new RegExp(`^${option}( .*)?\\n`, 'm'), '')
  if (changed === profile) throw new Error(`the profile has no option ${option}`)
  return changed
}
