/** What hosts answer, read with care: they may be of another version, broken, or lying. */

/** Who a host's process is. */
export interface HostIdentity {
  /** New at each start. */
  readonly instance: string
  /** When it started, by its node's clock; ISO 8601. */
  readonly startedAt: string | undefined
  /** When it said this, by its node's clock; ISO 8601. */
  readonly now: string | undefined
  readonly podUid: string | undefined
}

/** @returns undefined where it does not say which process it is */
export function readIdentity(body: Readonly<Record<string, unknown>>): HostIdentity | undefined {
  const instance = text(body['instance'])
  if (instance === undefined) return undefined
  return {
    instance,
    startedAt: time(body['startedAt']),
    now: time(body['now']),
    podUid: text(body['podUid']),
  }
}

/** A module, as a host lists it. */
export interface ListedModule {
  readonly uid: string
  readonly name: string
  readonly digest: string
  readonly state: string
  readonly owner: string | undefined
  readonly affineSlots: number
  readonly residentBytes: number
}

/** The JSON object in it; undefined where it is none. */
export function readObject(content: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(content)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** @returns undefined where it has no UID */
export function readListed(value: unknown): ListedModule | undefined {
  const { uid, name, digest, state, owner, slots } = (value ?? {}) as Record<string, unknown>
  const id = text(uid)
  if (id === undefined) return undefined
  const { affine, residentBytes } = (slots ?? {}) as Record<string, unknown>
  return {
    uid: id,
    name: text(name) ?? '',
    digest: text(digest) ?? '',
    state: text(state) ?? '',
    owner: text(owner),
    affineSlots: count(affine),
    residentBytes: count(residentBytes),
  }
}

/** A text that is not empty. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A time, as ISO 8601; undefined where it is none. */
function time(value: unknown): string | undefined {
  const written = text(value)
  return written !== undefined && Number.isFinite(Date.parse(written))
    ? new Date(written).toISOString()
    : undefined
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.floor(value) : 0
}
