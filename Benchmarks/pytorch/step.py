"""One training step of our DiT and U-Net in plain PyTorch, for Benchmarks/Steps. Starts from our weights, so the losses must agree.

Usage: step.py dit|unet MODEL.safetensors BATCH.safetensors. Then each input line "THREADS STEPS" trains that many steps and is answered
with one line of JSON: {"wall": seconds, "cpu": seconds, "losses": [...]}. "reset" goes back to the initial weights.
"""

import json
import math
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

from tensors import read_safetensors


class TimeEmbedding(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.frequencies = max(8, width // 4)
        self.add_module("in", nn.Linear(2 * self.frequencies, width))
        self.out = nn.Linear(width, width)

    def forward(self, t):
        rates = torch.exp(torch.arange(self.frequencies) * (-math.log(10_000) / self.frequencies))
        angles = t[:, None] * 1000 * rates
        features = torch.cat([torch.cos(angles), torch.sin(angles)], 1)
        return self.out(F.silu(getattr(self, "in")(features)))


def modulate(h, shift, scale):
    return torch.addcmul(shift, F.layer_norm(h, h.shape[-1:], eps=1e-6), scale + 1)


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, h, m):
        b, t, d = h.shape
        qkv = self.qkv(modulate(h, m[0], m[1])).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        p = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(d // self.heads), -1)
        h = torch.addcmul(h, self.project((p @ v).transpose(1, 2).reshape(b, t, d)), m[2])
        return torch.addcmul(h, self.down(F.gelu(self.up(modulate(h, m[3], m[4])))), m[5])


class DiffusionTransformer(nn.Module):
    def __init__(self, channels, side, patch, width, depth, heads):
        super().__init__()
        self.channels, self.grid, self.patch, self.width = channels, side // patch, patch, width
        self.patches = nn.Linear(channels * patch * patch, width)
        self.time = TimeEmbedding(width)
        self.modulation = nn.Linear(width, (6 * depth + 2) * width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.head = nn.Linear(width, channels * patch * patch)
        rates = torch.exp(-math.log(10_000) * torch.arange(width // 4, dtype=torch.float64) / (width // 4))
        angles = torch.arange(self.grid, dtype=torch.float64)[:, None] * rates
        axis = torch.cat([torch.sin(angles), torch.cos(angles)], 1)
        rows = axis[:, None].expand(self.grid, self.grid, -1)
        columns = axis[None].expand(self.grid, self.grid, -1)
        self.positions = torch.cat([rows, columns], 2).reshape(1, -1, width).float()

    def forward(self, x, t):
        b, g, p = x.shape[0], self.grid, self.patch
        m = self.modulation(F.silu(self.time(t))).unsqueeze(1).split(self.width, 2)
        tokens = x.view(b, self.channels, g, p, g, p).permute(0, 2, 4, 1, 3, 5).reshape(b, g * g, -1)
        h = self.patches(tokens) + self.positions
        for i, block in enumerate(self.blocks):
            h = block(h, m[6 * i : 6 * i + 6])
        out = self.head(modulate(h, m[-2], m[-1]))
        return out.view(b, g, g, self.channels, p, p).permute(0, 3, 1, 4, 2, 5).reshape(x.shape)


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, embedding):
        super().__init__()
        self.norm1 = nn.GroupNorm(inputs // 8, inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.embedding = nn.Linear(embedding, outputs)
        self.norm2 = nn.GroupNorm(outputs // 8, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, h, embedding):
        inner = self.conv1(F.silu(self.norm1(h))) + self.embedding(embedding)[:, :, None, None]
        return self.conv2(F.silu(self.norm2(inner))) + self.skip(h)


class UNet(nn.Module):
    def __init__(self, channels, width, levels):
        super().__init__()
        e = 4 * width
        c = [width if level == 0 else 2 * width for level in range(levels)]
        self.add_module("in", nn.Conv2d(channels, width, 3, padding=1))
        self.time = TimeEmbedding(e)
        self.down = nn.ModuleList(ResidualBlock(c[max(level - 1, 0)], c[level], e) for level in range(levels))
        self.middle = ResidualBlock(c[-1], c[-1], e)
        self.up = nn.ModuleList(ResidualBlock(2 * c[level], c[max(level - 1, 0)], e) for level in reversed(range(levels)))
        self.norm = nn.GroupNorm(width // 8, width)
        self.head = nn.Conv2d(width, channels, 3, padding=1)

    def forward(self, x, t):
        embedding = F.silu(self.time(t))
        h = getattr(self, "in")(x)
        skips = []
        for level, block in enumerate(self.down):
            h = block(h if level == 0 else F.avg_pool2d(h, 2), embedding)
            skips.append(h)
        h = self.middle(h, embedding)
        for i, block in enumerate(self.up):
            h = block(torch.cat([h if i == 0 else F.interpolate(h, scale_factor=2), skips.pop()], 1), embedding)
        return self.head(F.silu(self.norm(h)))


def main():
    kind, model_path, batch_path = sys.argv[1:]
    weights, metadata = read_safetensors(model_path)
    batch, _ = read_safetensors(batch_path)
    sizes = {key: int(value) for key, value in metadata.items()}
    if kind == "dit":
        model = DiffusionTransformer(sizes["channels"], sizes["side"], sizes["patch"], sizes["width"], sizes["depth"], sizes["heads"])
    else:
        model = UNet(sizes["channels"], sizes["width"], sizes["depth"])
    optimizer = None
    print(json.dumps({"version": torch.__version__}), flush=True)
    for line in sys.stdin:
        if line.strip() == "reset":
            model.load_state_dict(weights, strict=True)
            optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0)
            continue
        threads, steps = map(int, line.split())
        torch.set_num_threads(threads)
        losses = []
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(steps):
            optimizer.zero_grad()
            loss = F.mse_loss(model(batch["input"], batch["time"]), batch["target"])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "losses": losses}), flush=True)


main()
