#pragma once
#include <dnnl.h>
#include <stdint.h>

// oneDNN's C API in the form of its version 3, whichever version is installed. Version 2 describes a primitive
// by an operation descriptor and a memory by a struct held by value; both end here. Descriptors of memory are
// called layouts, and are owned by the caller once returned.

typedef struct onednn_layout onednn_layout;

// The thread count of parallel regions that the calling thread starts from now on (libgomp).
void onednn_set_threads(int threads);
// Calls body(context, thread) for thread in 0 ..< threads, at the same time, on libgomp's pool.
void onednn_parallel(void (*body)(void *context, int thread), void *context, int threads);
// The most threads libgomp gives (OMP_THREAD_LIMIT).
int onednn_thread_limit(void);

// Keeps malloc from raising the size from which it maps arrays by themselves.
void onednn_return_large_arrays(void);

// Whether this processor runs code compiled for x86-64-v3; on others than x86-64 always true.
int onednn_processor_runs_vectors(void);

dnnl_status_t onednn_layout_create(
    onednn_layout **out, int rank, const int64_t *extents, dnnl_data_type_t type, dnnl_format_tag_t tag);
// The layout a primitive wants for an execution argument (DNNL_ARG_*).
dnnl_status_t onednn_layout_of_argument(onednn_layout **out, const_dnnl_primitive_desc_t descriptor, int argument);
void onednn_layout_destroy(onednn_layout *layout);
int onednn_layout_equal(const onednn_layout *a, const onednn_layout *b);
int64_t onednn_layout_bytes(const onednn_layout *layout);

dnnl_status_t onednn_memory_create(dnnl_memory_t *out, const onednn_layout *layout, dnnl_engine_t engine);

// Attributes: scratchpad supplied by the caller, and a ReLU after the primitive where asked for.
dnnl_status_t onednn_attributes_create(dnnl_primitive_attr_t *out, int relu);

dnnl_status_t onednn_reorder(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const onednn_layout *from, const onednn_layout *to,
    const_dnnl_primitive_attr_t attributes);

// Strides and paddings hold one value for each of two spatial axes. A null bias layout means no bias.
dnnl_status_t onednn_convolution_forward(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_prop_kind_t kind, dnnl_alg_kind_t algorithm,
    const onednn_layout *src, const onednn_layout *weights, const onednn_layout *bias, const onednn_layout *dst,
    const int64_t *strides, const int64_t *before, const int64_t *after, const_dnnl_primitive_attr_t attributes);
dnnl_status_t onednn_convolution_backward_data(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, const onednn_layout *diff_src,
    const onednn_layout *weights, const onednn_layout *diff_dst, const int64_t *strides, const int64_t *before,
    const int64_t *after, const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes);
dnnl_status_t onednn_convolution_backward_weights(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, const onednn_layout *src,
    const onednn_layout *diff_weights, const onednn_layout *diff_bias, const onednn_layout *diff_dst,
    const int64_t *strides, const int64_t *before, const int64_t *after, const_dnnl_primitive_desc_t forward,
    const_dnnl_primitive_attr_t attributes);

dnnl_status_t onednn_inner_product_forward(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_prop_kind_t kind, const onednn_layout *src,
    const onednn_layout *weights, const onednn_layout *bias, const onednn_layout *dst,
    const_dnnl_primitive_attr_t attributes);
dnnl_status_t onednn_inner_product_backward_data(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const onednn_layout *diff_src, const onednn_layout *weights,
    const onednn_layout *diff_dst, const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes);
dnnl_status_t onednn_inner_product_backward_weights(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const onednn_layout *src, const onednn_layout *diff_weights,
    const onednn_layout *diff_bias, const onednn_layout *diff_dst, const_dnnl_primitive_desc_t forward,
    const_dnnl_primitive_attr_t attributes);

dnnl_status_t onednn_max_pool_forward(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_prop_kind_t kind, const onednn_layout *src,
    const onednn_layout *dst, int64_t size, const_dnnl_primitive_attr_t attributes);
dnnl_status_t onednn_max_pool_backward(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const onednn_layout *diff_src,
    const onednn_layout *diff_dst, int64_t size, const_dnnl_primitive_desc_t forward,
    const_dnnl_primitive_attr_t attributes);

// ReLU whose gradient is taken from its output.
dnnl_status_t onednn_relu_forward(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const onednn_layout *data,
    const_dnnl_primitive_attr_t attributes);
dnnl_status_t onednn_relu_backward(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const onednn_layout *diff, const onednn_layout *dst,
    const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes);
