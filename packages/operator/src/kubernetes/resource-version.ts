/**
 * Resource versions of one resource can be compared: they are decimal numbers that only grow (KEP-5504; kept by all versions of the API
 * server with etcd). Other servers may have other texts: those are not compared, and count as neither older nor newer.
 */
const decimal = /^(?:0|[1-9]\d*)$/

/** Whether `a` is certainly older than `b`. */
export function isOlder(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined || !decimal.test(a) || !decimal.test(b)) return false
  return a.length === b.length ? a < b : a.length < b.length
}
