#pragma once
#include "COneDNN.h"

#if DNNL_VERSION_MAJOR >= 3
#define NATIVE(layout) ((const_dnnl_memory_desc_t)(layout))
#else
#define NATIVE(layout) ((const dnnl_memory_desc_t *)(layout))
#endif
