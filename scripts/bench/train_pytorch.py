"""A step of training in PyTorch: channels last, eager or compiled (--variant)."""

import torch
from torch import nn

import pace


class Layer(nn.Module):
    """Convolution or dense layer, BatchNorm, ReLU. Stride 2 pads 1 on both sides rather than 0 and 1 as TensorFlow
    does: the same arithmetic, and PyTorch is spared a copy."""

    def __init__(self, row, last):
        super().__init__()
        dense = row["role"] == "dense"
        inputs, outputs = row["input"][0], row["output"][0]
        self.flattens = dense
        if dense:
            self.main = nn.Linear(inputs, outputs)
        else:
            self.main = nn.Conv2d(
                inputs, outputs, row["kernel"], stride=row["stride"], padding=row["kernel"] // 2,
                groups=row["groups"], bias=not row["batchNorm"])
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01) if row["batchNorm"] and not dense else None
        self.relu = not last

    def forward(self, x):
        x = self.main(torch.flatten(x, 1) if self.flattens else x)
        if self.norm is not None:
            x = self.norm(x)
        return torch.relu(x) if self.relu else x


def main():
    options = pace.arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    rows = pace.layers(options.layers)
    model = nn.Sequential(*[Layer(row, row is rows[-1]) for row in rows])
    model = model.to(memory_format=torch.channels_last).train()
    images = torch.rand(options.batch, *rows[0]["input"]).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, rows[-1]["output"][0], (options.batch,))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9, fused=True)
    criterion = nn.CrossEntropyLoss()

    def loss():
        return criterion(model(images), labels)

    if options.variant == "compiled":
        loss = torch.compile(loss)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        optimizer.step()

    pace.measure(step, options.batch, options.seconds)


main()
