"""A step of training in TensorFlow: a Keras model, the whole step one tf.function."""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tensorflow as tf
from tensorflow import keras

import pace


def model(rows):
    x = image = keras.Input((rows[0]["input"][1], rows[0]["input"][2], rows[0]["input"][0]))
    for row in rows:
        last = row is rows[-1]
        if row["role"] == "dense":
            if len(x.shape) > 2:
                x = keras.layers.Flatten()(x)
            x = keras.layers.Dense(row["output"][0], activation=None if last else "relu")(x)
            continue
        options = dict(strides=row["stride"], padding="same", use_bias=not row["batchNorm"])
        if row["groups"] > 1 and row["groups"] == row["input"][0] == row["output"][0]:
            x = keras.layers.DepthwiseConv2D(row["kernel"], **options)(x)
        else:
            x = keras.layers.Conv2D(row["output"][0], row["kernel"], groups=row["groups"], **options)(x)
        if row["batchNorm"]:
            x = keras.layers.BatchNormalization(epsilon=1e-3)(x)
        x = keras.layers.ReLU()(x)
    return keras.Model(image, x)


def main():
    options = pace.arguments()
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    rows = pace.layers(options.layers)
    if any(1 < row["groups"] < row["input"][0] for row in rows):
        sys.exit("TensorFlow's CPU code for gradients of grouped convolutions is naive: 0.5 images/s")
    network = model(rows)
    channels, height, width = rows[0]["input"]
    images = tf.random.uniform((options.batch, height, width, channels))
    labels = tf.random.uniform((options.batch,), maxval=rows[-1]["output"][0], dtype=tf.int32)
    criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.SGD(1e-4, momentum=0.9)
    optimizer.build(network.trainable_variables)

    @tf.function
    def train():
        with tf.GradientTape() as tape:
            loss = criterion(labels, network(images, training=True))
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables))
        return loss

    pace.measure(lambda: train().numpy(), options.batch, options.seconds)


main()
