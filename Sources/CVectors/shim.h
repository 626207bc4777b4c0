// Instructions that Swift's vectors have no word for.

typedef float cvectors_floats __attribute__((vector_size(32)));
typedef short cvectors_shorts __attribute__((vector_size(32)));
typedef int cvectors_ints __attribute__((vector_size(32)));

// Eight sums of two products each: a[2i]·b[2i] + a[2i + 1]·b[2i + 1].
static inline cvectors_ints cvectors_add_products(cvectors_shorts a, cvectors_shorts b) {
#ifdef __AVX2__
  return __builtin_ia32_pmaddwd256(a, b);
#else
  cvectors_ints sums;
  for (int i = 0; i < 8; i++) sums[i] = a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1];
  return sums;
#endif
}

// The sign bits of eight values, that of the first lowest.
static inline unsigned cvectors_signs(cvectors_floats a) {
#ifdef __AVX__
  return __builtin_ia32_movmskps256(a);
#else
  unsigned signs = 0;
  for (int i = 0; i < 8; i++) signs |= (unsigned)(__builtin_signbit(a[i]) != 0) << i;
  return signs;
#endif
}
