"""How fast this machine computes: a short measurement, not a benchmark."""

import time

import torch

from disentangle_cli.networks.architecture import ARCHITECTURES

REPEATS = 4
IMAGES = 64
CODES = 10


def bf16_and_fp32(device: torch.device) -> tuple[float, float]:
    """Seconds of G, Q and their gradients in bfloat16 and in float32, each the best of four.

    The networks are those of the default preset of InfoGAN for 64x64 images, on a batch of 64. On a CPU it is
    the time of the processor, so that what else the machine does matters little.
    """
    networks = ARCHITECTURES.get("infogan-apart")()
    with torch.random.fork_rng(devices=[]):
        generator = networks.generator(CODES, 1, 64).to(device)
        encoder = networks.encoder(CODES, 1, 64).to(device)
        latents = torch.rand(IMAGES, CODES).to(device)

    def seconds(bf16: bool) -> float:
        clock = time.perf_counter if device.type == "cuda" else time.process_time
        start = clock()
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16):
            codes = encoder(generator(latents).sigmoid())
        torch.autograd.backward(codes.float().sum())
        if device.type == "cuda":
            torch.cuda.synchronize()
        return clock() - start

    seconds(True), seconds(False)  # the first time, kernels are chosen
    halves, singles = zip(*((seconds(True), seconds(False)) for _ in range(REPEATS)), strict=True)
    return min(halves), min(singles)
