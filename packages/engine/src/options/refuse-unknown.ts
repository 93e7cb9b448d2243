import { InvalidOptionError } from '@warmslot/index-allocator'

/**
 * An option that does nothing, a safeguard above all, must not be believed in.
 * @throws InvalidOptionError
 */
export function refuseUnknown(options: object, names: Readonly<Record<string, true>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(names, name))
      throw new InvalidOptionError(name, 'left out, since there is none of that name', value)
  }
}
