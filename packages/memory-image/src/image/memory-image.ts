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

import { setImmediate } from 'node:timers/promises'
import { ImageClosedError } from '../errors/image-closed-error.ts'
import { closeDescriptor, pageBytes, preadFully, pwriteFully } from '../system/libc.ts'
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
import { adoptMemfd, identityOf, type Run, type SharedImage } from './shared-image.ts'

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
  /** What is no hole, in ascending order; offsets from the image's start. */
  readonly runs: readonly Run[]
}

/** How long an image's making may hold the event loop, in milliseconds; a step more is a megabyte's work. */
const sliceMs = 2

/** @default 1 MiB: what {@link MemoryImage.segments} copies at a time */
const segmentBytes = 1 << 20

/** Of this thread: per memfd that other threads may have as well, how many images are open over it. */
const openShared = new Map<string, number>()

function countShared(memfdName: string, change: 1 | -1): void {
  const count = (openShared.get(memfdName) ?? 0) + change
  if (count > 0) openShared.set(memfdName, count)
  else openShared.delete(memfdName)
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
  readonly #runs: readonly Run[]
  #references = 1
  #shared = false

  private constructor(id: number, label: string, memfdName: string, content: Content) {
    this.id = id
    this.label = label
    this.memfdName = memfdName
    this.offset = content.offset
    this.byteLength = content.byteLength
    this.#descriptor = content.descriptor
    this.#runs = content.runs
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
    const making = MemoryImage.#make(segments, options)
    let step = making.next()
    while (step.done !== true) step = making.next()
    return step.value
  }

  /**
   * As {@link MemoryImage.fromSegments}, without holding the event loop for more than a few milliseconds at a time: writing
   * an image takes about a millisecond for each megabyte.
   * @param segments their bytes must not change before the promise settles
   * @throws as {@link MemoryImage.fromSegments} does (as a rejection)
   */
  static async fromSegmentsAsync(
    segments: Iterable<Segment>,
    options: MemoryImageOptions = {},
  ): Promise<MemoryImage> {
    const making = MemoryImage.#make(segments, options)
    for (let until = performance.now() + sliceMs; ;) {
      const step = making.next()
      if (step.done === true) return step.value
      if (performance.now() < until) continue
      await setImmediate()
      until = performance.now() + sliceMs
    }
  }

  /** Yields now and then; not to be left half-way. */
  static *#make(
    segments: Iterable<Segment>,
    { label = '' }: MemoryImageOptions,
  ): Generator<void, MemoryImage> {
    const pieces = disjointSegments(segments)
    const id = nextImageId()
    const memfdName = memfdNameOf(id, label)
    return new MemoryImage(id, label, memfdName, yield* writeContent(memfdName, pieces))
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

  /**
   * Takes over an image from another thread of this process.
   * @param shared of `share`, from a message
   * @throws {ImageClosedError} if the other thread has closed it already
   */
  static adopt(shared: SharedImage): MemoryImage {
    const { label, memfdName, offset, byteLength, runs } = shared
    const descriptor = adoptMemfd(shared)
    const image = new MemoryImage(nextImageId(), label, memfdName, { descriptor, offset, byteLength, runs })
    image.#share()
    return image
  }

  /**
   * For `adopt` in other threads of this process, which then map the same memory. Keep the image open until they have.
   * @throws {ImageClosedError} if the last reference has gone
   */
  share(): SharedImage {
    const { memfdName, label, offset, byteLength, descriptor } = this
    this.#share()
    const memfd = descriptor === undefined ? undefined : { descriptor, ...identityOf(descriptor) }
    return { memfdName, label, offset, byteLength, runs: this.#runs, memfd }
  }

  /** Whether other threads may have it as well: what the kernel shows of it may be theirs. */
  get shared(): boolean {
    return this.#shared
  }

  /** Of a shared image: whether it, or another image over the same memfd, is open in this thread. */
  get openInThread(): boolean {
    return openShared.has(this.memfdName)
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
   * The image's bytes, for keeping them elsewhere: copies of up to a megabyte each, without the pages of zeros.
   * {@link MemoryImage.fromSegments} makes the same image of them. Offsets are those in linear memory.
   * @throws {ImageClosedError} if the last reference has gone, also on the way
   * @throws {SystemCallError} if the memfd cannot be read
   */
  *segments(): Generator<Segment, void> {
    for (const { start, end } of this.#runs) {
      for (let from = start; from < end; from += segmentBytes) {
        this.#assertOpen()
        const bytes = new Uint8Array(Math.min(segmentBytes, end - from))
        preadFully(this.#descriptor!.number, bytes, from)
        yield { offset: this.offset + from, bytes }
      }
    }
  }

  /** How many bytes {@link segments} gives: the image without its pages of zeros. */
  get contentBytes(): number {
    return this.#runs.reduce((sum, { start, end }) => sum + end - start, 0)
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

  #share(): void {
    if (!this.#shared) countShared(this.memfdName, 1)
    this.#shared = true
  }

  #dropReference(): boolean {
    this.#assertOpen()
    this.#references -= 1
    if (this.#references > 0) return false
    if (this.#shared) countShared(this.memfdName, -1)
    return true
  }
}

/** Writes the pieces into a new memfd, and yields after each run; none is made if all is zero. */
function* writeContent(memfdName: string, pieces: readonly Segment[]): Generator<void, Content> {
  let writable: number | undefined
  let offset = 0
  let end = 0
  const runs: { start: number; end: number }[] = []
  try {
    for (const run of pageRuns(pieces, pageBytes())) {
      if (writable === undefined) {
        writable = createMemfd(memfdName)
        offset = run.offset
      }
      pwriteFully(writable, run.bytes, run.offset - offset)
      end = run.offset + run.bytes.byteLength
      const last = runs.at(-1)
      if (last?.end === run.offset - offset) last.end = end - offset
      else runs.push({ start: run.offset - offset, end: end - offset })
      yield
    }
    if (writable === undefined) return { descriptor: undefined, offset: 0, byteLength: 0, runs }
    sealMemfd(writable, end - offset)
  } catch (error) {
    if (writable !== undefined) closeDescriptor(writable)
    throw error
  }
  const descriptor = openReadOnly(writable)
  if (descriptor.managed) closeDescriptor(writable)
  return { descriptor, offset, byteLength: end - offset, runs }
}
