/** A search string as the router reads it: texts that look like numbers or truth values have become such. */
type RawSearch = Readonly<Record<string, unknown>>

/** Leaves out what is undefined, for calls and search parameters whose parts are optional. */
export function present<Value extends object>(value: Value): { [Key in keyof Value]?: Exclude<Value[Key], undefined> }
export function present(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined))
}

/** Reads a text of the search string; `undefined` when it is not there or empty. */
export function textIn(search: RawSearch, name: string): string | undefined {
  const value = search[name]
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined
  return value === '' ? undefined : String(value)
}

/** Reads one of some words of the search string; `undefined` when it is none of them. */
export function choiceIn<const Choice extends string>(
  search: RawSearch,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const value = search[name]
  return choices.find((choice) => choice === value)
}

/** Tells whether a search asks for less than everything: what `strictly` took away is still there as undefined. */
export function isNarrowed(search: object): boolean {
  return Object.values(search).some((value) => value !== undefined)
}

/**
 * Makes a route know what is read from the address and nothing else: the router hands on what a reader leaves out, so
 * that it has to be taken away by name.
 */
export function strictly<Search extends object>(
  read: (raw: Record<string, unknown>) => Search,
): (raw: Record<string, unknown>) => Search {
  return (raw) => ({ ...Object.fromEntries(Object.keys(raw).map((name) => [name, undefined])), ...read(raw) })
}
