/**
 * A module's initial memory as a sealed memfd, ready to be mapped copy-on-write into any number of slots
 * (Wasmtime's `MemoryImage`).
 *
 *      linear memory   0 ........ [first page with data ..... last page with data] ........
 *      memfd                       0                                     byteLength
 *                                  ^ offset
 *
 * Pages of zeros before and after are trimmed, pages of zeros inside are holes. An image of zeros only has no memfd.
 * It is reference-counted: it begins with one reference, its maker's; every slot that maps it holds another one; with
 * the last one the memfd is closed. The kernel keeps the bytes for as long as a slot maps them, closed or not, so a
 * slot's reference ends only after its mapping has.
 */

import { ImageClosedError } from '../errors/image-closed-error.ts'
import { closeDescriptor, pageBytes, pwriteFully } from '../system/libc.ts'
import { CopySource } from './copy-source.ts'
import { memfdNameOf, nextImageId } from './image-name.ts'
import {
  closeMemfd,
  closeMemfdAsync,
  createMemfd,
  type Descriptor,
  openReadOnly,
  sealMemfd,
} from './memfd.ts'
import { pageRuns } from './page-runs.ts'
import { disjointSegments, type Segment } from './segments.ts'

/** How an image is made. */
export interface MemoryImageOptions {
  /**
   * For people: becomes part of {@link MemoryImage.memfdName}. 64 characters are used.
   * @default '' (none)
   */
  readonly label?: string
}

interface Content {
  readonly descriptor: Descriptor | undefined
  readonly offset: number
  readonly byteLength: number
}

/** A sealed, reference-counted memory image. */
export class MemoryImage implements Disposable {
  /** Counts up from 1 in this thread. */
  readonly id: number
  /** As given. */
  readonly label: string
  /** Unique in this process: as the kernel shows it in /proc/self/maps and /proc/self/fd, after `/memfd:`. */
  readonly memfdName: string
  /** Where the image begins in linear memory, in bytes; a multiple of the page size. */
  readonly offset: number
  /** The image's length in bytes; a multiple of the page size. 0: all zeros, no memfd. */
  readonly byteLength: number
  readonly #descriptor: Descriptor | undefined
  readonly #copySource: CopySource | undefined
  #references = 1

  private constructor(id: number, label: string, memfdName: string, content: Content) {
    this.id = id
    this.label = label
    this.memfdName = memfdName
    this.offset = content.offset
    this.byteLength = content.byteLength
    this.#descriptor = content.descriptor
    if (content.descriptor !== undefined) {
      this.#copySource = new CopySource(content.descriptor.number, content.byteLength)
    }
  }

  /**
   * Makes an image from data segments. Where they overlap, later ones overwrite earlier ones. Work and memory follow
   * the segments' bytes, not the distance between them.
   * @throws {RangeError} if an offset is not a safe integer >= 0
   * @throws {SystemCallError} if the memfd cannot be made
   * @throws {UnsupportedPlatformError} where this package cannot work
   */
  static fromSegments(segments: Iterable<Segment>, options: MemoryImageOptions = {}): MemoryImage {
    const pieces = disjointSegments(segments)
    const id = nextImageId()
    const label = options.label ?? ''
    const memfdName = memfdNameOf(id, label)
    return new MemoryImage(id, label, memfdName, writeContent(memfdName, pieces))
  }

  /**
   * Makes an image from bytes, such as a snapshot of a memory.
   * @param bytes copied; free to change afterwards
   * @throws as {@link MemoryImage.fromSegments} does
   */
  static fromBytes(
    bytes: Uint8Array,
    options: MemoryImageOptions & { readonly offset?: number } = {},
  ): MemoryImage {
    return MemoryImage.fromSegments([{ offset: options.offset ?? 0, bytes }], options)
  }

  /** How many owners the image has. 0: closed. */
  get references(): number {
    return this.#references
  }

  /** Whether the last reference is gone. */
  get closed(): boolean {
    return this.#references === 0
  }

  /** The sealed memfd, read-only; undefined for an image of zeros. For fstat(2) and the like: it closes with the image. */
  get descriptor(): number | undefined {
    this.#assertOpen()
    return this.#descriptor?.number
  }

  /**
   * Adds an owner, who has to call {@link release} or {@link releaseAsync} once.
   * @throws {ImageClosedError} if the last one has gone already
   */
  retain(): this {
    this.#assertOpen()
    this.#references += 1
    return this
  }

  /**
   * Ends one owner's reference. With the last one the memfd is closed, here and now; freeing a large one takes the
   * kernel milliseconds, so prefer {@link releaseAsync} on an event loop.
   * @throws {ImageClosedError} if the last one has gone already
   */
  release(): void {
    if (this.#dropReference() && this.#descriptor !== undefined) closeMemfd(this.#descriptor)
  }

  /**
   * As {@link release}, but a last reference closes the memfd in Node.js's thread pool, off the event loop.
   * @returns settles when the memfd is closed, or at once if there are other owners
   * @throws {ImageClosedError} if the last one has gone already (as a rejection)
   */
  async releaseAsync(): Promise<void> {
    if (this.#dropReference() && this.#descriptor !== undefined) await closeMemfdAsync(this.#descriptor)
  }

  /** Ends the maker's reference. */
  [Symbol.dispose](): void {
    this.release()
  }

  /**
   * Copies a part of the image to an address. For slots.
   * @internal
   */
  copyTo(address: number, offsetInImage: number, byteLength: number): void {
    this.#assertOpen()
    this.#copySource?.copy(address, offsetInImage, byteLength)
  }

  /**
   * Whether the bytes at an address are those of a part of the image. For slots.
   * @internal
   */
  matches(address: number, offsetInImage: number, byteLength: number): boolean {
    this.#assertOpen()
    return this.#copySource?.matches(address, offsetInImage, byteLength) ?? false
  }

  #assertOpen(): void {
    if (this.#references === 0) throw new ImageClosedError(this.memfdName)
  }

  #dropReference(): boolean {
    this.#assertOpen()
    this.#references -= 1
    return this.#references === 0
  }
}

/** Writes the pieces into a new memfd; none is made if all is zero. */
function writeContent(memfdName: string, pieces: readonly Segment[]): Content {
  let writable: number | undefined
  let offset = 0
  let end = 0
  try {
    for (const run of pageRuns(pieces, pageBytes())) {
      if (writable === undefined) {
        writable = createMemfd(memfdName)
        offset = run.offset
      }
      pwriteFully(writable, run.bytes, run.offset - offset)
      end = run.offset + run.bytes.byteLength
    }
    if (writable === undefined) return { descriptor: undefined, offset: 0, byteLength: 0 }
    sealMemfd(writable, end - offset)
  } catch (error) {
    if (writable !== undefined) closeDescriptor(writable)
    throw error
  }
  const descriptor = openReadOnly(writable)
  if (descriptor.managed) closeDescriptor(writable)
  return { descriptor, offset, byteLength: end - offset }
}
