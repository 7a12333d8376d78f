"""What the scripts share: reading the weights and batches that the benchmarks write."""

import json
import struct

import torch


def read_safetensors(path):
    """The float32 tensors of a safetensors file (8 bytes of header length, JSON, data) and its metadata."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            assert entry["dtype"] == "F32", name
            begin, end = entry["data_offsets"]
            tensors[name] = torch.frombuffer(data[begin:end], dtype=torch.float32).reshape(entry["shape"]).clone()
    return tensors, header.get("__metadata__", {})
