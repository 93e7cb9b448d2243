/**
 * The floor, for the bench: the system calls and copies that a use of a live instance cannot do without, in C, without any
 * runtime around them.
 *
 *     floor MEMORY_BYTES IMAGE_BYTES GROW_BYTES KEEP_BYTES THREADS
 *
 * Each of THREADS threads has a slot, set up once: an image of IMAGE_BYTES mapped copy-on-write, zeros behind it. A line on
 * standard input, `USES EVERY BEFORE PAGES DISTANCE`, has each make so many uses: write to PAGES places, DISTANCE bytes
 * apart, scan for private pages, copy the image or zeros back into the first KEEP_BYTES of them, and give the others back to
 * the kernel. With GROW_BYTES, the memory grows by so much before and shrinks again behind. Before the first use, and again
 * after EVERY uses, comes one of BEFORE places that is not timed (EVERY 0: none). The answer is a line of durations in
 * nanoseconds, of all threads.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
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
enum { most_regions = 4096, most_threads = 64 };

struct slot {
  pthread_t thread;
  char *base;
  uint64_t *durations;
  struct page_region regions[most_regions];
};

static size_t memory_bytes, image_bytes, grow_bytes, keep_bytes, threads;
static int image, pagemap;
static char *source;
static unsigned long uses, every, before, pages, distance;
static pthread_barrier_t start_line;
static struct slot slots[most_threads];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void make_image(void) {
  image = memfd_create("floor", MFD_CLOEXEC), pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (image < 0 || pagemap < 0 || ftruncate(image, (off_t)image_bytes)) fail("memfd, pagemap");
  source = malloc(image_bytes + 1);
  for (size_t at = 0; at < image_bytes; at++) source[at] = (char)(at * 31 + 7);
  if (pwrite(image, source, image_bytes, 0) != (ssize_t)image_bytes) fail("pwrite");
}

static void make_slot(struct slot *slot) {
  size_t all = memory_bytes + grow_bytes;
  char *base = slot->base = mmap(0, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED || mprotect(base, memory_bytes, PROT_READ | PROT_WRITE)) fail("mmap");
  madvise(base, all, MADV_NOHUGEPAGE);
  if (image_bytes && mmap(base, image_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, image, 0) == MAP_FAILED) fail("mmap");
}

/** Image and zeros over the pages that are private; from the one on that is not kept, they go back to the kernel. */
static void reset(struct slot *slot) {
  char *base = slot->base, *all = base + memory_bytes + grow_bytes, *image_end = base + image_bytes;
  struct pm_scan_arg scan = {
    .size = sizeof scan, .start = (uintptr_t)base, .end = (uintptr_t)all, .vec = (uintptr_t)slot->regions, .vec_len = most_regions,
    .category_inverted = page_is_file, .category_mask = page_is_file,
    .category_anyof_mask = page_is_present | page_is_swapped,
    .return_mask = page_is_present | page_is_swapped | page_is_pfnzero,
  };
  int found = ioctl(pagemap, PAGEMAP_SCAN, &scan);
  if (found < 0) fail("PAGEMAP_SCAN");
  size_t may_keep = keep_bytes;
  for (int index = 0; index < found; index++) {
    char *from = (char *)slot->regions[index].start, *stop = (char *)slot->regions[index].end;
    char *to = (size_t)(stop - from) > may_keep ? from + may_keep : stop;
    char *middle = from >= image_end ? from : to < image_end ? to : image_end;
    if (middle > from) memcpy(from, source + (from - base), (size_t)(middle - from));
    if (to > middle) memset(middle, 0, (size_t)(to - middle));
    may_keep -= (size_t)(to - from);
    if (to < stop) {
      if (madvise(to, (size_t)(all - to), MADV_DONTNEED)) fail("madvise");
      return;
    }
  }
}

static void use(struct slot *slot, unsigned long places) {
  char *base = slot->base;
  if (grow_bytes && mprotect(base + memory_bytes, grow_bytes, PROT_READ | PROT_WRITE)) fail("mprotect");
  for (unsigned long page = 0; page < places; page++) *(volatile int *)(base + page * distance) = (int)page;
  if (grow_bytes) *(volatile int *)(base + memory_bytes) = 1;
  reset(slot);
  if (grow_bytes && mprotect(base + memory_bytes, grow_bytes, PROT_NONE)) fail("mprotect");
}

static void *timed_uses(void *argument) {
  struct slot *slot = argument;
  if (threads > 1) pthread_barrier_wait(&start_line);
  for (unsigned long index = 0; index < uses; index++) {
    if (every && index % every == 0) use(slot, before);
    uint64_t start = now();
    use(slot, pages);
    slot->durations[index] = now() - start;
  }
  return 0;
}

int main(int count, char **words) {
  if (count != 6) return fprintf(stderr, "usage: floor MEMORY_BYTES IMAGE_BYTES GROW_BYTES KEEP_BYTES THREADS\n"), 2;
  memory_bytes = strtoul(words[1], 0, 10), image_bytes = strtoul(words[2], 0, 10), grow_bytes = strtoul(words[3], 0, 10);
  keep_bytes = strtoul(words[4], 0, 10), threads = strtoul(words[5], 0, 10);
  if (threads < 1 || threads > most_threads) return fprintf(stderr, "1 to %d threads\n", most_threads), 2;
  make_image();
  for (size_t thread = 0; thread < threads; thread++) make_slot(&slots[thread]);
  pthread_barrier_init(&start_line, 0, (unsigned)threads);

  while (scanf("%lu %lu %lu %lu %lu", &uses, &every, &before, &pages, &distance) == 5) {
    for (size_t thread = 0; thread < threads; thread++) {
      slots[thread].durations = calloc(uses, sizeof(uint64_t));
      if (threads > 1 && pthread_create(&slots[thread].thread, 0, timed_uses, &slots[thread])) fail("pthread_create");
    }
    if (threads == 1) timed_uses(&slots[0]);
    for (size_t thread = 0; thread < threads; thread++) {
      if (threads > 1) pthread_join(slots[thread].thread, 0);
      for (unsigned long index = 0; index < uses; index++) printf("%llu ", (unsigned long long)slots[thread].durations[index]);
      free(slots[thread].durations);
    }
    printf("\n");
    fflush(stdout);
  }
  return 0;
}
