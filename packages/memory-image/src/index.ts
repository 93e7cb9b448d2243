/**
 * `@warmslot/memory-image`: a module's initial memory as a sealed memfd, mapped copy-on-write into slots and reset
 * between uses. Linux on x64 and arm64; importing it works everywhere, the first use throws elsewhere.
 *
 * - {@link MemoryImage}: what bytes
 * - {@link SlotMemory}: one slot's memory as a state machine, over a {@link Reservation} of address space
 * - {@link RawReservation}: address space from mmap(2) with guard regions
 * - {@link kernelTraces} and its siblings: what the kernel still has of an image
 */

export { ImageClosedError } from './errors/image-closed-error.ts'
export { SlotStateError } from './errors/slot-state-error.ts'
export { SystemCallError } from './errors/system-call-error.ts'
export { UnsupportedPlatformError } from './errors/unsupported-platform-error.ts'
export { MemoryImage, type MemoryImageOptions } from './image/memory-image.ts'
export type { Segment } from './image/segments.ts'
export type { SharedImage } from './image/shared-image.ts'
export { type ImageMapping, processImageMappings } from './kernel/image-mappings.ts'
export { assertSupportedPlatform, type KernelFeatures, kernelFeatures } from './kernel/kernel-features.ts'
export {
  imageAddresses,
  imageDescriptors,
  imageDescriptorsAsync,
  imageMappings,
  imageMappingsAsync,
  type KernelTraces,
  kernelTraces,
  kernelTracesSync,
  type NamedMemfd,
} from './kernel/kernel-traces.ts'
export { mapCountLimit, mappingCount, mappingCountAsync } from './kernel/mapping-count.ts'
export { MemoryPressure, type MemoryPressureOptions } from './kernel/memory-pressure.ts'
export { joinGuardRegion, mappingsPerReservation, mappingsPerSlot } from './slot/mappings.ts'
export { RawReservation, type RawReservationOptions, type Reservation } from './slot/reservation.ts'
export { type ResetResult, SlotMemory, type SlotState, type Writers } from './slot/slot-memory.ts'
export type { SlotMemoryOptions } from './slot/slot-options.ts'
export { addressOf, viewOver } from './system/buffers.ts'
export { terminateWorker } from './system/termination-lock.ts'
