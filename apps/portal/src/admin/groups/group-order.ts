/** Moves one of a list to another place; a place outside the list is its nearest end. */
export function moved<Item>(items: readonly Item[], from: number, to: number): readonly Item[] {
  const item = items[from]
  if (item === undefined) return items
  const rest = items.toSpliced(from, 1)
  return rest.toSpliced(Math.max(0, Math.min(to, rest.length)), 0, item)
}

/**
 * Puts things into an order that was chosen by their names: what has come since is at the end, as the service puts it
 * there; what is gone is left out.
 */
export function inOrder<Item>(
  items: readonly Item[],
  names: readonly string[],
  nameOf: (item: Item) => string,
): Item[] {
  const chosen = names.flatMap((name) => items.find((item) => nameOf(item) === name) ?? [])
  return [...chosen, ...items.filter((item) => !names.includes(nameOf(item)))]
}

/** Says whether what is stored is in another order than the one that was begun with; what came or went meanwhile is none. */
export function isOvertaken(began: readonly string[], stored: readonly string[]): boolean {
  return inOrder(stored, began, (name) => name).join() !== stored.join()
}

/** Reads a place from 1 as it is typed; one behind the end is the end. `undefined` for what is no place. */
export function placeIn(text: string, count: number): number | undefined {
  if (!/^\d{1,6}$/.test(text.trim())) return undefined
  const place = Number(text)
  return place === 0 ? undefined : Math.min(place, count)
}
