#include "COneDNN.h"
#include <stdatomic.h>
#if defined(__linux__)
#include <malloc.h>
#endif

// libgomp's, which has no header for other compilers.
extern void omp_set_num_threads(int);
extern void omp_set_dynamic(int);
extern void omp_set_max_active_levels(int);
extern int omp_get_max_active_levels(void);
extern int omp_get_thread_limit(void);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);
extern void GOMP_parallel(void (*body)(void *), void *context, unsigned threads, unsigned flags);

void onednn_set_threads(int threads) {
  omp_set_dynamic(0);
  if (omp_get_max_active_levels() < 1) omp_set_max_active_levels(1);
  omp_set_num_threads(threads);
}

int onednn_thread_limit(void) { return omp_get_thread_limit(); }

struct region {
  void (*body)(void *, int);
  void *context;
  int threads;
  // Tells the thread sanitizer, which does not see into libgomp, what libgomp orders.
  atomic_int order;
};

// libgomp may give fewer threads than it was asked for.
static void run_region(void *data) {
  struct region *region = data;
  (void)atomic_load_explicit(&region->order, memory_order_acquire);
  for (int thread = omp_get_thread_num(); thread < region->threads; thread += omp_get_num_threads())
    region->body(region->context, thread);
  atomic_fetch_add_explicit(&region->order, 1, memory_order_acq_rel);
}

void onednn_parallel(void (*body)(void *, int), void *context, int threads) {
  struct region region = {body, context, threads, 0};
  atomic_store_explicit(&region.order, 1, memory_order_release);
  GOMP_parallel(run_region, &region, (unsigned)threads, 0);
  (void)atomic_load_explicit(&region.order, memory_order_acquire);
}

void onednn_return_large_arrays(void) {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
#endif
}

int onednn_processor_runs_vectors(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("lzcnt");
#else
  return 1;
#endif
}
