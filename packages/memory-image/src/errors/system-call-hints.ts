/** What to do about a failed system call: one sentence for each pair of call and errno that has a known cause. */

const tooManyMappings =
  'the process has too many memory mappings or no memory is left. Raise vm.max_map_count ' +
  '(sysctl -w vm.max_map_count=262144), use fewer slots, or raise the memory limit'

const hints: Readonly<Record<string, string>> = {
  'mmap ENOMEM': tooManyMappings,
  'munmap ENOMEM': tooManyMappings,
  'mprotect ENOMEM': tooManyMappings,
  'madvise ENOMEM': tooManyMappings,
  'madvise EINVAL':
    'the memory is locked (mlockall) or the kernel lacks this advice. Do not lock memory that slots use',
  'mmap EAGAIN': 'the memory is locked beyond the limit. Raise RLIMIT_MEMLOCK, or do not call mlockall',
  'mmap EACCES': 'the image cannot be mapped. Look for a security module (SELinux, AppArmor) that forbids it',
  'mprotect EACCES':
    'a security module (SELinux, AppArmor) forbids it. Allow this process to change its mappings',
  'memfd_create EMFILE': 'the process has too many open files. Raise its limit (ulimit -n) or drop modules',
  'memfd_create ENFILE': 'the system has too many open files. Raise fs.file-max or drop modules',
  'memfd_create ENOSYS':
    'this kernel or its seccomp profile has no memfd_create. Use Linux 3.17 or newer, or allow it',
  'memfd_create EPERM':
    'the seccomp profile forbids memfd_create. Allow it, as the RuntimeDefault profile does',
  'memfd_create EACCES': 'vm.memfd_noexec forbids it. Set it to 0 or 1, or use Linux 6.3 or newer',
  'memfd_create ENOMEM': 'no memory is left. Raise the memory limit or drop modules',
  'pwrite ENOSPC': 'no memory is left for the image. Raise the memory limit or drop modules',
  'pwrite ENOMEM': 'no memory is left for the image. Raise the memory limit or drop modules',
  'ftruncate EFBIG': 'the image is larger than RLIMIT_FSIZE allows. Raise it (ulimit -f)',
  'pwrite EFBIG': 'the image is larger than RLIMIT_FSIZE allows. Raise it (ulimit -f)',
}

/** What to do when `syscall` fails with `errno`. */
export function systemCallHint(syscall: string, errno: string): string {
  return hints[`${syscall} ${errno}`] ?? `see the errors section of the man page ${syscall}(2)`
}
