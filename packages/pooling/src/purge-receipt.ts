/** What a purge hands back as proof: what it did by its own count, and what the kernel says afterwards. */

import type { SlotIndex } from '@warmslot/index-allocator'

/** What the kernel shows of images, in the whole process. */
export interface KernelView {
  /** Lines of `/proc/self/maps` that map one of the images. `NaN` where that could not be read. */
  readonly mappings: number
  /** Entries of `/proc/self/fd` that are the memfd of one of the images. `NaN` where that could not be read. */
  readonly descriptors: number
}

export interface PurgeReceipt {
  readonly moduleId: number
  readonly moduleLabel: string
  /**
   * Nothing of the module is left: every slot is cleared, and the kernel shows no mapping and no descriptor of its images,
   * except of images that others hold references to (`imagesHeldElsewhere`). Where false, `purge` may be called again.
   */
  readonly complete: boolean
  /** Slots cleared: those that were free, in use, queued for a reset, and retired ones that could be cleared after all. */
  readonly slotsCleared: number
  /** Image mappings removed by that, one for each slot whose image is not all zeros. */
  readonly mappingsRemoved: number
  /** Bytes of those mappings: address space, in bytes. */
  readonly bytesRemoved: number
  /** Slots that were in use: the purge waited for the release of their lease. */
  readonly waitedForInstances: number
  /** Slots that waited for a batched reset. */
  readonly waitedInQueue: number
  /** Slots that could not be cleared, and are retired. */
  readonly failedSlots: readonly SlotIndex[]
  /** Images whose last reference this was: their memfd was closed, and the kernel freed its memory. */
  readonly memfdsClosed: number
  /** Sizes of those memfds together, in bytes. */
  readonly memfdBytesFreed: number
  /**
   * Images that somebody else (the application, another module or pool) still holds a reference to, and those that are shared
   * with other threads, whether these still have them or not.
   */
  readonly imagesHeldElsewhere: number
  readonly kernel: KernelView
  /** Why the kernel could not be asked; `complete` is false then. Undefined where it was asked. */
  readonly kernelUnknownBecause: unknown
  /** From the call of `purge` to this receipt, waiting for instances included. */
  readonly durationMs: number
  /** Turns of the event loop that the clearing of free and queued slots was spread over. */
  readonly slices: number
  /** The longest that one of these held the event loop, in milliseconds. */
  readonly longestSliceMs: number
}
