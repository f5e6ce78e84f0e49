# SPDX-License-Identifier: MIT
"""Write networks as PyTorch does, good ones with what it computes from them and bad ones, for TestTorchFiles.cpp."""

import argparse
import itertools
import struct
import warnings
from pathlib import Path

import torch
from torch import nn

warnings.filterwarnings(
    "ignore", category=FutureWarning
)  # torch.jit is deprecated, but its files are what this is about

POLYNOMIAL = [1.875, 1.0, -2 / (3 * 3.515625), 1 / (5 * 12.359619140625)]
NUM_POINTS = 50


class ClampedPolynomial(nn.Module):
    """a1 x + a3 x^3 + a5 x^5 with x clamped to [-c, c]."""

    def __init__(self):
        super().__init__()
        self.register_buffer("coefficients", torch.tensor(POLYNOMIAL, dtype=torch.float64))

    def forward(self, x):
        c = self.coefficients.to(x.dtype)
        x = torch.clamp(x, -c[0], c[0])
        return c[1] * x + c[2] * x**3 + c[3] * x**5


class Functional(nn.Module):
    """Layers with names whose alphabetical order is not theirs, an activation that is no submodule, and inputs [N]."""

    def __init__(self):
        super().__init__()
        self.start, self.middle1 = nn.Linear(1, 8), nn.Linear(8, 8)
        self.middle2, self.end = nn.Linear(8, 8, bias=False), nn.Linear(8, 1)

    def forward(self, s):
        h = nn.functional.silu(self.start(s.unsqueeze(-1)))
        h = nn.functional.silu(self.middle1(h))
        return self.end(nn.functional.silu(self.middle2(h))).squeeze(-1)


class Mixture(nn.Module):
    """A network for each pair of two types, in a submodule of a submodule."""

    def __init__(self):
        super().__init__()
        self.pairs = nn.ModuleDict({name: stack([1, 6, 6, 1], nn.Tanh) for name in ("Ar-Ar", "Kr-Ar", "Kr-Kr")})

    def forward(self, s):
        total = torch.zeros_like(s)
        for _, network in self.pairs.items():
            total = total + network(s)
        return total


class Residual(nn.Module):
    """A hidden layer with a skip connection."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(1, 4), nn.Linear(4, 4), nn.Linear(4, 1)

    def forward(self, s):
        h = torch.tanh(self.a(s))
        return self.c(h + torch.tanh(self.b(h)))


class Scaled(nn.Module):
    """A network with a parameter of its own."""

    def __init__(self):
        super().__init__()
        self.net, self.scale = stack([1, 4, 1], nn.Tanh), nn.Parameter(torch.tensor(2.0))

    def forward(self, s):
        return self.scale * self.net(s)


def stack(widths, activation):
    layers = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


def write_values(path, network):
    """Write s and y(s) in double precision, one pair a line."""
    s = torch.arange(1, NUM_POINTS, dtype=torch.float64) / NUM_POINTS
    y = network.double()(s[:, None] if not isinstance(network, Functional) else s).reshape(-1)
    path.write_text("".join(f"{a!r} {b!r}\n" for a, b in zip(s.tolist(), y.tolist(), strict=True)))
    network.float()


def write_safetensors(path, state):
    """Write the file that safetensors.torch.save_file() writes, sorted by name, without that package."""
    header, data = [], b""
    for name in sorted(state):
        elements = state[name].contiguous().numpy().tobytes()
        shape = list(state[name].shape)
        header.append(
            f'"{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{len(data)},{len(data) + len(elements)}]}}'
        )
        data += elements
    text = ("{" + ",".join(header) + "}").encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def write_good(folder):
    networks = {
        "tanh": stack([1, 64, 64, 64, 1], nn.Tanh),
        "silu": stack([1, 16, 8, 1], nn.SiLU),
        "polynomial": stack([1, 12, 12, 1], ClampedPolynomial),
        "deep": stack([1, *[4] * 12, 1], nn.Tanh),  # names with one and two digits
        "functional": Functional(),
        "linear": nn.Sequential(nn.Linear(1, 1)),
    }
    for name, network in networks.items():
        torch.jit.script(network).save(folder / f"{name}.pt")
        example = torch.zeros(3) if name == "functional" else torch.zeros(3, 1)
        torch.jit.trace(network, example).save(folder / f"{name}.traced.pt")
        torch.save(network.state_dict(), folder / f"{name}.pth")
        if name != "polynomial":  # whose float64 coefficients belong into the file
            write_safetensors(folder / f"{name}.safetensors", network.state_dict())
        write_values(folder / f"{name}.txt", network)
    torch.save(dict(networks["tanh"].named_parameters()), folder / "parameters.pth")
    half = stack([1, 8, 1], nn.Tanh).half()
    torch.save(half.state_dict(), folder / "half.pth")
    write_values(folder / "half.txt", half)
    mixture = Mixture()
    torch.jit.script(mixture).save(folder / "mixture.pt")
    torch.save(mixture.state_dict(), folder / "mixture.pth")
    for name, network in mixture.pairs.items():
        write_values(folder / f"mixture.{name}.txt", network)


def write_bad(folder):
    networks = {
        "relu": stack([1, 4, 1], nn.ReLU),
        "mixed": nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 4), nn.SiLU(), nn.Linear(4, 1)),
        "batchnorm": nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1)),
        "trailing": nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1), nn.Tanh()),
        "two-inputs": stack([2, 4, 1], nn.Tanh),
        "residual": Residual(),
        "scaled": Scaled(),
    }
    for name, network in networks.items():
        torch.jit.script(network).save(folder / f"{name}.pt")
        torch.save(network.state_dict(), folder / f"{name}.pth")
    torch.jit.freeze(torch.jit.script(stack([1, 4, 1], nn.Tanh).eval())).save(folder / "frozen.pt")
    torch.save(networks["relu"], folder / "whole-module.pth")
    torch.save({"model": networks["relu"].state_dict(), "epoch": 3}, folder / "checkpoint.pth")
    torch.save({"0.weight": torch.zeros(1, 1, dtype=torch.int64)}, folder / "integer.pth")
    content = (folder / "relu.pth").read_bytes()
    (folder / "truncated.pth").write_bytes(content[: len(content) // 2])
    (folder / "text.pth").write_text("not an archive")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(1)
    write_good(folder)
    write_bad(folder)


if __name__ == "__main__":
    main()
