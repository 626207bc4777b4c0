#include "COneDNN.h"
#include "layouts.h"
#include <stddef.h>

static const int64_t none[2] = {0, 0};

static dnnl_status_t append_relu(dnnl_primitive_attr_t attributes) {
  dnnl_post_ops_t operations;
  dnnl_status_t status = dnnl_post_ops_create(&operations);
  if (status != dnnl_success) return status;
#if DNNL_VERSION_MAJOR >= 3
  status = dnnl_post_ops_append_eltwise(operations, dnnl_eltwise_relu, 0, 0);
#else
  status = dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, 0, 0);
#endif
  if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(attributes, operations);
  dnnl_post_ops_destroy(operations);
  return status;
}

dnnl_status_t onednn_attributes_create(dnnl_primitive_attr_t *out, int relu) {
  dnnl_status_t status = dnnl_primitive_attr_create(out);
  if (status != dnnl_success) return status;
  status = dnnl_primitive_attr_set_scratchpad_mode(*out, dnnl_scratchpad_mode_user);
  if (status == dnnl_success && relu) status = append_relu(*out);
  if (status != dnnl_success) dnnl_primitive_attr_destroy(*out);
  return status;
}

dnnl_status_t onednn_reorder(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const onednn_layout *from, const onednn_layout *to,
    const_dnnl_primitive_attr_t attributes) {
  return dnnl_reorder_primitive_desc_create(out, NATIVE(from), engine, NATIVE(to), engine, attributes);
}

// Version 2 fills an operation descriptor first; `FILLED` is that call, `DIRECT` version 3's only one.
#if DNNL_VERSION_MAJOR >= 3
#define CREATE(TYPE, FILLED, DIRECT, HINT) return DIRECT
#else
#define CREATE(TYPE, FILLED, DIRECT, HINT)                          \
  TYPE operation;                                                   \
  dnnl_status_t status = FILLED;                                    \
  if (status != dnnl_success) return status;                        \
  return dnnl_primitive_desc_create(out, &operation, attributes, engine, HINT)
#endif

dnnl_status_t onednn_convolution_forward(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_prop_kind_t kind, dnnl_alg_kind_t algorithm,
    const onednn_layout *src, const onednn_layout *weights, const onednn_layout *bias, const onednn_layout *dst,
    const int64_t *strides, const int64_t *before, const int64_t *after,
    const_dnnl_primitive_attr_t attributes) {
  CREATE(
      dnnl_convolution_desc_t,
      dnnl_convolution_forward_desc_init(
          &operation, kind, algorithm, NATIVE(src), NATIVE(weights), NATIVE(bias), NATIVE(dst), strides, before,
          after),
      dnnl_convolution_forward_primitive_desc_create(
          out, engine, kind, algorithm, NATIVE(src), NATIVE(weights), NATIVE(bias), NATIVE(dst), strides, none,
          before, after, attributes),
      NULL);
}

dnnl_status_t onednn_convolution_backward_data(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, const onednn_layout *diff_src,
    const onednn_layout *weights, const onednn_layout *diff_dst, const int64_t *strides, const int64_t *before,
    const int64_t *after, const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes) {
  CREATE(
      dnnl_convolution_desc_t,
      dnnl_convolution_backward_data_desc_init(
          &operation, algorithm, NATIVE(diff_src), NATIVE(weights), NATIVE(diff_dst), strides, before, after),
      dnnl_convolution_backward_data_primitive_desc_create(
          out, engine, algorithm, NATIVE(diff_src), NATIVE(weights), NATIVE(diff_dst), strides, none, before,
          after, forward, attributes),
      forward);
}

dnnl_status_t onednn_convolution_backward_weights(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, const onednn_layout *src,
    const onednn_layout *diff_weights, const onednn_layout *diff_bias, const onednn_layout *diff_dst,
    const int64_t *strides, const int64_t *before, const int64_t *after, const_dnnl_primitive_desc_t forward,
    const_dnnl_primitive_attr_t attributes) {
  CREATE(
      dnnl_convolution_desc_t,
      dnnl_convolution_backward_weights_desc_init(
          &operation, algorithm, NATIVE(src), NATIVE(diff_weights), NATIVE(diff_bias), NATIVE(diff_dst), strides,
          before, after),
      dnnl_convolution_backward_weights_primitive_desc_create(
          out, engine, algorithm, NATIVE(src), NATIVE(diff_weights), NATIVE(diff_bias), NATIVE(diff_dst),
          strides, none, before, after, forward, attributes),
      forward);
}

dnnl_status_t onednn_inner_product_forward(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_prop_kind_t kind, const onednn_layout *src,
    const onednn_layout *weights, const onednn_layout *bias, const onednn_layout *dst,
    const_dnnl_primitive_attr_t attributes) {
  CREATE(
      dnnl_inner_product_desc_t,
      dnnl_inner_product_forward_desc_init(
          &operation, kind, NATIVE(src), NATIVE(weights), NATIVE(bias), NATIVE(dst)),
      dnnl_inner_product_forward_primitive_desc_create(
          out, engine, kind, NATIVE(src), NATIVE(weights), NATIVE(bias), NATIVE(dst), attributes),
      NULL);
}

dnnl_status_t onednn_inner_product_backward_data(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const onednn_layout *diff_src,
    const onednn_layout *weights, const onednn_layout *diff_dst, const_dnnl_primitive_desc_t forward,
    const_dnnl_primitive_attr_t attributes) {
  CREATE(
      dnnl_inner_product_desc_t,
      dnnl_inner_product_backward_data_desc_init(
          &operation, NATIVE(diff_src), NATIVE(weights), NATIVE(diff_dst)),
      dnnl_inner_product_backward_data_primitive_desc_create(
          out, engine, NATIVE(diff_src), NATIVE(weights), NATIVE(diff_dst), forward, attributes),
      forward);
}

dnnl_status_t onednn_inner_product_backward_weights(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const onednn_layout *src,
    const onednn_layout *diff_weights, const onednn_layout *diff_bias, const onednn_layout *diff_dst,
    const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes) {
  CREATE(
      dnnl_inner_product_desc_t,
      dnnl_inner_product_backward_weights_desc_init(
          &operation, NATIVE(src), NATIVE(diff_weights), NATIVE(diff_bias), NATIVE(diff_dst)),
      dnnl_inner_product_backward_weights_primitive_desc_create(
          out, engine, NATIVE(src), NATIVE(diff_weights), NATIVE(diff_bias), NATIVE(diff_dst), forward,
          attributes),
      forward);
}

dnnl_status_t onednn_max_pool_forward(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_prop_kind_t kind, const onednn_layout *src,
    const onednn_layout *dst, int64_t size, const_dnnl_primitive_attr_t attributes) {
  const int64_t window[2] = {size, size};
  CREATE(
      dnnl_pooling_desc_t,
      dnnl_pooling_forward_desc_init(
          &operation, kind, dnnl_pooling_max, NATIVE(src), NATIVE(dst), window, window, none, none),
      dnnl_pooling_forward_primitive_desc_create(
          out, engine, kind, dnnl_pooling_max, NATIVE(src), NATIVE(dst), window, window, none, none, none,
          attributes),
      NULL);
}

dnnl_status_t onednn_max_pool_backward(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const onednn_layout *diff_src,
    const onednn_layout *diff_dst, int64_t size, const_dnnl_primitive_desc_t forward,
    const_dnnl_primitive_attr_t attributes) {
  const int64_t window[2] = {size, size};
  CREATE(
      dnnl_pooling_desc_t,
      dnnl_pooling_backward_desc_init(
          &operation, dnnl_pooling_max, NATIVE(diff_src), NATIVE(diff_dst), window, window, none, none),
      dnnl_pooling_backward_primitive_desc_create(
          out, engine, dnnl_pooling_max, NATIVE(diff_src), NATIVE(diff_dst), window, window, none, none, none,
          forward, attributes),
      forward);
}

dnnl_status_t onednn_relu_forward(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const onednn_layout *data,
    const_dnnl_primitive_attr_t attributes) {
  CREATE(
      dnnl_eltwise_desc_t,
      dnnl_eltwise_forward_desc_init(
          &operation, dnnl_forward_training, dnnl_eltwise_relu_use_dst_for_bwd, NATIVE(data), 0, 0),
      dnnl_eltwise_forward_primitive_desc_create(
          out, engine, dnnl_forward_training, dnnl_eltwise_relu_use_dst_for_bwd, NATIVE(data), NATIVE(data), 0,
          0, attributes),
      NULL);
}

dnnl_status_t onednn_relu_backward(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const onednn_layout *diff, const onednn_layout *dst,
    const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes) {
  CREATE(
      dnnl_eltwise_desc_t,
      dnnl_eltwise_backward_desc_init(
          &operation, dnnl_eltwise_relu_use_dst_for_bwd, NATIVE(diff), NATIVE(dst), 0, 0),
      dnnl_eltwise_backward_primitive_desc_create(
          out, engine, dnnl_eltwise_relu_use_dst_for_bwd, NATIVE(diff), NATIVE(diff), NATIVE(dst), 0, 0, forward,
          attributes),
      forward);
}
