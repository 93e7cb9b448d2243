/** `REGISTRY[:PORT]/REPOSITORY[:TAG][@DIGEST]`, as the OCI distribution specification has it; the registry is always written. */
import { SourceError } from '../errors/source-error.ts'

export interface OciReference {
  readonly registry: string
  readonly repository: string
  /** A tag, or a digest where there is one: the digest counts. */
  readonly reference: string
}

const pattern =
  /^(?<registry>(?:localhost|[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+|[a-zA-Z0-9-]+(?=:)|\[[0-9a-fA-F:]+\])(?::\d{1,5})?)\/(?<repository>[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)(?::(?<tag>[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/

/** @throws SourceError */
export function readOciReference(text: string): OciReference {
  const { registry, repository, tag, digest } = pattern.exec(text)?.groups ?? {}
  const reference = digest ?? tag
  if (registry !== undefined && repository !== undefined && reference !== undefined)
    return { registry, repository, reference }
  throw new SourceError(
    'InvalidSource',
    `"${text}" is no reference of an artifact: write REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:DIGEST.`,
  )
}
