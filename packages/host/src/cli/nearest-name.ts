/** What a mistyped name was most likely meant to be. */

/** The nearest of `names`, or undefined where none is near enough to be a typing mistake. */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  const furthest = Math.max(2, Math.floor(given.length / 3))
  const [nearest] = names
    .map((name) => ({ name, distance: editDistance(given, name) }))
    .filter(({ name, distance }) => distance <= furthest && distance < name.length)
    .sort((a, b) => a.distance - b.distance)
  return nearest?.name
}

/** `; did you mean "--listen"?`, or nothing. */
export function suggestion(given: string, names: readonly string[]): string {
  const nearest = nearestName(given, names)
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`
}

/** Levenshtein: how many characters must be added, left out or changed. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const changed = above[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(changed, above[column]! + 1, current[column - 1]! + 1))
    }
    above = current
  }
  return above[b.length]!
}
