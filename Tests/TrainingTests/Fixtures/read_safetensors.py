"""Prints what Python's safetensors finds in a file: its metadata, then each tensor's name, shape and values."""

import json
import sys

from safetensors import safe_open

with safe_open(sys.argv[1], framework="numpy") as file:
    tensors = {name: file.get_tensor(name) for name in file.keys()}
    metadata = file.metadata() or {}
found = {
    "metadata": metadata,
    "tensors": {n: {"shape": list(t.shape), "values": t.flatten().tolist()} for n, t in tensors.items()},
}
print(json.dumps(found))
