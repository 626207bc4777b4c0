#include "COneDNN.h"
#include "layouts.h"
#include <stdlib.h>

#if DNNL_VERSION_MAJOR >= 3

dnnl_status_t onednn_layout_create(
    onednn_layout **out, int rank, const int64_t *extents, dnnl_data_type_t type, dnnl_format_tag_t tag) {
  return dnnl_memory_desc_create_with_tag((dnnl_memory_desc_t *)out, rank, extents, type, tag);
}

dnnl_status_t onednn_layout_of_argument(
    onednn_layout **out, const_dnnl_primitive_desc_t descriptor, int argument) {
  const_dnnl_memory_desc_t found = dnnl_primitive_desc_query_md(descriptor, dnnl_query_exec_arg_md, argument);
  return found ? dnnl_memory_desc_clone((dnnl_memory_desc_t *)out, found) : dnnl_invalid_arguments;
}

void onednn_layout_destroy(onednn_layout *layout) { dnnl_memory_desc_destroy((dnnl_memory_desc_t)layout); }

#else

static dnnl_status_t copied(onednn_layout **out, const dnnl_memory_desc_t *layout) {
  dnnl_memory_desc_t *copy = malloc(sizeof *copy);
  if (!copy) return dnnl_out_of_memory;
  *copy = *layout;
  *out = (onednn_layout *)copy;
  return dnnl_success;
}

dnnl_status_t onednn_layout_create(
    onednn_layout **out, int rank, const int64_t *extents, dnnl_data_type_t type, dnnl_format_tag_t tag) {
  dnnl_memory_desc_t layout;
  dnnl_status_t status = dnnl_memory_desc_init_by_tag(&layout, rank, extents, type, tag);
  return status == dnnl_success ? copied(out, &layout) : status;
}

dnnl_status_t onednn_layout_of_argument(
    onednn_layout **out, const_dnnl_primitive_desc_t descriptor, int argument) {
  const dnnl_memory_desc_t *found = dnnl_primitive_desc_query_md(descriptor, dnnl_query_exec_arg_md, argument);
  return found ? copied(out, found) : dnnl_invalid_arguments;
}

void onednn_layout_destroy(onednn_layout *layout) { free(layout); }

#endif

int onednn_layout_equal(const onednn_layout *a, const onednn_layout *b) {
  return dnnl_memory_desc_equal(NATIVE(a), NATIVE(b));
}

int64_t onednn_layout_bytes(const onednn_layout *layout) {
  return (int64_t)dnnl_memory_desc_get_size(NATIVE(layout));
}

dnnl_status_t onednn_memory_create(dnnl_memory_t *out, const onednn_layout *layout, dnnl_engine_t engine) {
  return dnnl_memory_create(out, NATIVE(layout), engine, DNNL_MEMORY_NONE);
}
