/**
 * The floor, for the bench: the system calls and copies that a use of a live instance cannot do without, in C, without any
 * runtime around them.
 *
 *     floor MEMORY_BYTES IMAGE_BYTES GROW_BYTES
 *
 * A slot is set up once: an image of IMAGE_BYTES mapped copy-on-write, zeros behind it. A line on standard input,
 * `USES PAGES DISTANCE`, makes so many uses: write to PAGES places, DISTANCE bytes apart, scan for private pages, copy the
 * image or zeros back into them. With GROW_BYTES, the memory grows by so much before and shrinks again behind. The answer is
 * a line of durations in nanoseconds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct page_region { uint64_t start, end, categories; };
struct pm_scan_arg {
  uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
  uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define PAGEMAP_SCAN _IOWR('f', 16, struct pm_scan_arg)
enum { page_is_file = 1 << 2, page_is_present = 1 << 3, page_is_swapped = 1 << 4, page_is_pfnzero = 1 << 5 };

static struct page_region regions[4096];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int main(int count, char **words) {
  if (count != 4) return fprintf(stderr, "usage: floor MEMORY_BYTES IMAGE_BYTES GROW_BYTES\n"), 2;
  size_t memory_bytes = strtoul(words[1], 0, 10), image_bytes = strtoul(words[2], 0, 10);
  size_t grow_bytes = strtoul(words[3], 0, 10), all = memory_bytes + grow_bytes;
  int image = memfd_create("floor", MFD_CLOEXEC), pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (image < 0 || pagemap < 0 || ftruncate(image, (off_t)image_bytes)) fail("memfd, pagemap");
  char *source = malloc(image_bytes + 1);
  for (size_t at = 0; at < image_bytes; at++) source[at] = (char)(at * 31 + 7);
  if (pwrite(image, source, image_bytes, 0) != (ssize_t)image_bytes) fail("pwrite");
  char *slot = mmap(0, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (slot == MAP_FAILED || mprotect(slot, memory_bytes, PROT_READ | PROT_WRITE)) fail("mmap");
  madvise(slot, all, MADV_NOHUGEPAGE);
  if (image_bytes && mmap(slot, image_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, image, 0) == MAP_FAILED) fail("mmap");

  unsigned long uses, pages, distance;
  while (scanf("%lu %lu %lu", &uses, &pages, &distance) == 3) {
    for (unsigned long use = 0; use < uses; use++) {
      uint64_t start = now();
      if (grow_bytes && mprotect(slot + memory_bytes, grow_bytes, PROT_READ | PROT_WRITE)) fail("mprotect");
      for (unsigned long page = 0; page < pages; page++) *(volatile int *)(slot + page * distance) = (int)page;
      if (grow_bytes) *(volatile int *)(slot + memory_bytes) = 1;
      struct pm_scan_arg scan = {
        .size = sizeof scan, .start = (uintptr_t)slot, .end = (uintptr_t)slot + all, .vec = (uintptr_t)regions, .vec_len = 4096,
        .category_inverted = page_is_file, .category_mask = page_is_file,
        .category_anyof_mask = page_is_present | page_is_swapped,
        .return_mask = page_is_present | page_is_swapped | page_is_pfnzero,
      };
      int found = ioctl(pagemap, PAGEMAP_SCAN, &scan);
      if (found < 0) fail("PAGEMAP_SCAN");
      for (int index = 0; index < found; index++) {
        char *from = (char *)regions[index].start, *to = (char *)regions[index].end, *end = slot + image_bytes;
        char *middle = from >= end ? from : to < end ? to : end;
        if (middle > from) memcpy(from, source + (from - slot), (size_t)(middle - from));
        if (to > middle) memset(middle, 0, (size_t)(to - middle));
      }
      if (grow_bytes && mprotect(slot + memory_bytes, grow_bytes, PROT_NONE)) fail("mprotect");
      printf("%llu ", (unsigned long long)(now() - start));
    }
    printf("\n");
    fflush(stdout);
  }
  return 0;
}
