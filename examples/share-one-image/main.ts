/**
 * Share one image between slots: 8 MiB of initial memory are there once, however many slots map them, and a slot that
 * writes gets copies of the pages it wrote, and of no others.
 *
 * `@warmslot/memory-image` for the bytes, `@warmslot/pooling` for the slots; no WebAssembly is run.
 */
import { imageDescriptors, imageMappings, MemoryImage } from '@warmslot/memory-image'
import { Pool } from '@warmslot/pooling'

const slots = 50
const mebibyte = 2 ** 20
const imageBytes = 8 * mebibyte
const slotBytes = 16 * mebibyte

function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toLocaleString('en')} KiB`
}

const bytes = new Uint8Array(imageBytes)
for (let position = 0; position < imageBytes; position += 1) bytes[position] = (position % 251) + 1

const image = MemoryImage.fromBytes(bytes, { label: 'shared' })
const pool = new Pool({ slots, slotBytes })
const module = pool.register({ label: 'shared', memories: [{ image, initialBytes: slotBytes }] })

const leases = Array.from({ length: slots }, () => pool.acquire(module))
const memories = leases.map((lease) => {
  const [leased] = lease.memories
  if (leased === undefined) throw new Error('the module has one memory')
  return leased.memory
})
const [mine, theirs] = memories
if (mine === undefined || theirs === undefined) throw new Error('there are two slots at least')

function privateBytes(): number {
  return memories.reduce((sum, memory) => sum + memory.residentBytes(), 0)
}

console.log(`image: ${kibibytes(image.byteLength)} in one memfd (${image.memfdName})`)
console.log(
  `the kernel: ${imageMappings(image)} mappings, ${imageDescriptors(image)} descriptor, for ${slots} slots`,
)
console.log(
  `copies of it would take ${kibibytes(slots * imageBytes)}; the slots' own pages take ${kibibytes(privateBytes())}`,
)

console.log(`\nslot 0 reads ${mine.read(5000, 4).join(' ')}, slot 1 reads ${theirs.read(5000, 4).join(' ')}`)
mine.write(5000, Uint8Array.of(9, 9, 9, 9))
console.log('slot 0 writes four bytes')
console.log(`slot 0 reads ${mine.read(5000, 4).join(' ')}, slot 1 reads ${theirs.read(5000, 4).join(' ')}`)
console.log(`the slots' own pages now take ${kibibytes(privateBytes())}: the one page that was written`)

for (const lease of leases) lease.release()
const lease = pool.acquire(module)
const memory = lease.memories[0]?.memory
console.log(
  `\nafter the release, the next use of the module finds the image (${lease.kind}): ${memory?.read(5000, 4).join(' ')}`,
)
lease.release()

// The maker's own reference; the pool's goes with the purge.
image.release()
const receipt = await pool.purge(module)
console.log(
  `purged: ${receipt.mappingsRemoved} mappings removed, ${receipt.memfdsClosed} memfd closed; the kernel: ${receipt.kernel.mappings} mappings, ${receipt.kernel.descriptors} descriptors`,
)

await pool.close()
