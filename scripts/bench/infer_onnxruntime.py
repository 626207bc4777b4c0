"""Integer inference in ONNX Runtime: QLinearConv and QGemm, uint8 activations with zero points, weights uint8 with
zero points, per tensor; --variant s8 shifts the same weights by 128 into int8, which gives the same sums by other
kernels; --variant symmetric has int8 weights whose zero point is 0, another quantization that is less to compute. From
real pixels to real logits, as Strata's integer network."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import pace


class Builder:
    def __init__(self, variant):
        self.random = np.random.default_rng(0)
        self.variant = variant
        self.nodes, self.tensors = [], []

    def constant(self, name, value):
        self.tensors.append(numpy_helper.from_array(value, name))
        return name

    def quantizer(self, name, scale, zero, type=np.uint8):
        return [
            self.constant(f"{name}.scale", np.float32(scale)),
            self.constant(f"{name}.zero", type(zero))]

    def weights(self, name, shape):
        levels = self.random.integers(0, 256, shape)
        if self.variant != "u8":
            zero = 0 if self.variant == "symmetric" else -5
            return [self.constant(name, (levels - 128).astype(np.int8))] + self.quantizer(name, 0.01, zero, np.int8)
        return [self.constant(name, levels.astype(np.uint8))] + self.quantizer(name, 0.01, 123)

    def add(self, operator, inputs, output, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def layer(self, row, x, quantizer, last):
        name, outputs = row["name"], row["output"][0]
        inputs = row["input"][0]
        window = inputs // row["groups"] * row["kernel"] ** 2 if row["role"] != "dense" else inputs
        bias = self.constant(f"{name}.bias", np.zeros(outputs, np.int32))
        # Some levels are clipped and some are not; outputs after ReLU have their zero at level 0.
        output = self.quantizer(f"{name}.output", 0.01 * np.sqrt(window), 128 if last else 0)
        if row["role"] == "dense":
            weights = self.weights(f"{name}.weight", (outputs, inputs))
            x = self.add(
                "QGemm", [x] + quantizer + weights + [bias] + output, name, domain="com.microsoft", transB=1)
        else:
            kernel, stride = row["kernel"], row["stride"]
            weights = self.weights(f"{name}.weight", (outputs, inputs // row["groups"], kernel, kernel))
            padding = max((row["output"][1] - 1) * stride + kernel - row["input"][1], 0)
            before, after = padding // 2, padding - padding // 2
            x = self.add(
                "QLinearConv", [x] + quantizer + weights + output + [bias], name, kernel_shape=[kernel, kernel],
                strides=[stride, stride], pads=[before, before, after, after], group=row["groups"])
        return x, output


def model(rows, batch, variant):
    builder = Builder(variant)
    quantizer = builder.quantizer("image", 1 / 255, 0)
    x = builder.add("QuantizeLinear", ["pixels"] + quantizer, "image")
    flat = False
    for row in rows:
        if row["role"] == "dense" and not flat:
            x, flat = builder.add("Flatten", [x], "flat"), True
        x, quantizer = builder.layer(row, x, quantizer, row is rows[-1])
    builder.add("DequantizeLinear", [x] + quantizer, "logits")
    graph = helper.make_graph(
        builder.nodes, "network",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [batch] + rows[0]["input"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch] + rows[-1]["output"])],
        builder.tensors)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def main():
    options = pace.arguments()
    rows = pace.layers(options.layers)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(
        model(rows, options.batch, options.variant).SerializeToString(), settings,
        providers=["CPUExecutionProvider"])
    images = np.random.default_rng(1).random([options.batch] + rows[0]["input"], dtype=np.float32)
    pace.measure(lambda: session.run(None, {"pixels": images}), options.batch, options.seconds)


main()
