/**
 * Numbers of Linux's interfaces, by their names in the kernel's headers. They are the same on x86-64 and arm64
 * (include/uapi/asm-generic), which is all that this package supports.
 */

export const PROT_NONE = 0
export const PROT_READ_WRITE: number = 1 | 2

export const MAP_PRIVATE = 0x02
export const MAP_FIXED = 0x10
export const MAP_ANONYMOUS = 0x20
export const MAP_NORESERVE = 0x40_00

export const MADV_DONTNEED = 4
export const MADV_DONTFORK = 10
export const MADV_NOHUGEPAGE = 15

export const MFD_CLOEXEC = 1
export const MFD_ALLOW_SEALING = 2
/** Since Linux 6.3: the file can never be executed. */
export const MFD_NOEXEC_SEAL = 8

export const F_ADD_SEALS = 1033
export const F_GET_SEALS = 1034
export const F_SEAL_SEAL = 1
export const F_SEAL_SHRINK = 2
export const F_SEAL_GROW = 4
export const F_SEAL_WRITE = 8

/** sysconf(3). The same number in glibc and musl. */
export const SC_PAGESIZE = 30

/** `_IOWR('f', 16, struct pm_scan_arg)`, since Linux 6.7. */
export const PAGEMAP_SCAN = 0xc0_60_66_10
/** The page belongs to a file: a page of the image that nobody has written. */
export const PAGE_IS_FILE: number = 1 << 2
export const PAGE_IS_PRESENT: number = 1 << 3
export const PAGE_IS_SWAPPED: number = 1 << 4
/** The kernel's shared page of zeros. */
export const PAGE_IS_PFNZERO: number = 1 << 5

/** getrusage(2): of the calling thread. */
export const RUSAGE_THREAD = 1
