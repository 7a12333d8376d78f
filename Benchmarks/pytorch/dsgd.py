"""D-SGD of many peers on a ring in plain PyTorch, for Benchmarks/Islands: as anyone would write it, one module and one optimizer a peer.

Usage: dsgd.py DATA.safetensors. The file holds images, labels, test_images, test_labels, the initial weights, and samples (rounds, peers,
steps * batch): the numbers of the images of every step, so that the work is the same as ours. Its first line of JSON says what the start took:
{"version": of PyTorch, "cpu": seconds}. Each input line "THREADS STEPS BATCH" trains from the initial weights and is answered with one more:
{"making": CPU seconds for models and optimizers, "wall": seconds, "cpu": seconds, "accuracy": mean over peers}.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

from tensors import read_safetensors


def perceptron(weights):
    layers = []
    for i in range(len(weights) // 2):
        weight, bias = weights[f"layers.{i}.weight"], weights[f"layers.{i}.bias"]
        layer = nn.Linear(weight.shape[0], weight.shape[1])
        with torch.no_grad():
            layer.weight.copy_(weight.T)
            layer.bias.copy_(bias)
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def main():
    data, _ = read_safetensors(sys.argv[1])
    weights = {name: value for name, value in data.items() if name.startswith("layers.")}
    images, labels = data["images"], data["labels"].long()
    samples = data["samples"].long()
    rounds, peers, _ = samples.shape
    print(json.dumps({"version": torch.__version__, "cpu": time.process_time()}), flush=True)
    for line in sys.stdin:
        threads, steps, batch = map(int, line.split())
        torch.set_num_threads(threads)
        making = time.process_time()
        models = [perceptron(weights) for _ in range(peers)]
        optimizers = [torch.optim.SGD(model.parameters(), lr=0.05) for model in models]
        making = time.process_time() - making
        wall, cpu = time.perf_counter(), time.process_time()
        for r in range(rounds):
            for p in range(peers):
                for s in range(steps):
                    chosen = samples[r, p, s * batch:(s + 1) * batch]
                    optimizers[p].zero_grad()
                    F.cross_entropy(models[p](images[chosen]), labels[chosen]).backward()
                    optimizers[p].step()
            with torch.no_grad():
                old = [nn.utils.parameters_to_vector(model.parameters()) for model in models]
                for p in range(peers):
                    mixed = (old[p - 1] + old[p] + old[(p + 1) % peers]) / 3
                    nn.utils.vector_to_parameters(mixed, models[p].parameters())
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        with torch.no_grad():
            right = [(model(data["test_images"]).argmax(1) == data["test_labels"].long()).float().mean().item() for model in models]
        print(json.dumps({"making": making, "wall": wall, "cpu": cpu, "accuracy": sum(right) / peers}), flush=True)


main()
