"""The peer of the trainer's bench: one training step in torch, timed whenever a line comes in.

argv: folder with case.json and weights.bin (float32, as case.json lists them), threads. For each line "full" or "lora" on standard input one
step of that mode is made and a line {"ms", "loss"} printed. Float32; torch's own attention, loss, clipping and AdamW.
"""
import json
import math
import pathlib
import sys
import time

import torch
import torch.nn.functional as F

folder = pathlib.Path(sys.argv[1])
torch.set_num_threads(int(sys.argv[2]))
case = json.loads((folder / "case.json").read_text())
c = case["config"]
numbers = torch.frombuffer(bytearray((folder / "weights.bin").read_bytes()), dtype=torch.float32)
h, d = c["heads"], c["headDim"]
shape = (case["rows"], case["length"])
ids, targets = (torch.tensor(case[key]).view(shape) for key in ("ids", "targets"))
angle = torch.outer(torch.arange(shape[1]).float(), c["theta"] ** (-torch.arange(0, d, 2).float() / d))
cos, sin = (torch.cat([f(angle), f(angle)], -1) for f in (torch.cos, torch.sin))
mask = torch.full((shape[1], shape[1]), float("-inf")).triu(1)


def attend(q, k, v):
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    return torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(d) + mask, -1) @ v


def norm(x, w):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + c["eps"]) * w


def rotate(x):
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat([-second, first], -1) * sin


class Step:
    def __init__(self, names, mode):
        self.p = {}
        for name, start, dims in names:
            x = numbers[start : start + math.prod(dims)].view(dims).clone()
            self.p[name] = x.requires_grad_(mode == "full" or ".lora_" in name)
        self.scale = case["scale"] if mode == "lora" else None
        trained = [x for x in self.p.values() if x.requires_grad]
        groups = [{"params": [x for x in trained if x.dim() > 1], "weight_decay": 0.01}]
        if mode == "full":
            groups.append({"params": [x for x in trained if x.dim() == 1], "weight_decay": 0.0})
        self.optimiser = torch.optim.AdamW(groups, lr=case["rate"], betas=(0.9, 0.98))
        self.trained = trained

    def linear(self, x, path):
        y = F.linear(x, self.p[path + ".weight"])
        if self.scale is None:
            return y
        return y + self.scale * F.linear(F.linear(x, self.p[path + ".lora_A.weight"]), self.p[path + ".lora_B.weight"])

    def loss(self):
        p, (b, t) = self.p, shape
        x = p["model.embed_tokens.weight"][ids]
        for layer in range(c["layers"]):
            path = f"model.layers.{layer}."
            y = norm(x, p[path + "input_layernorm.weight"])
            q, k, v = (self.linear(y, f"{path}self_attn.{n}_proj").view(b, t, h, d).transpose(1, 2) for n in "qkv")
            x = x + self.linear(attend(rotate(q), rotate(k), v).transpose(1, 2).reshape(b, t, h * d), path + "self_attn.o_proj")
            y = norm(x, p[path + "post_attention_layernorm.weight"])
            x = x + self.linear(F.silu(self.linear(y, path + "mlp.gate_proj")) * self.linear(y, path + "mlp.up_proj"), path + "mlp.down_proj")
        z = F.linear(norm(x, p["model.norm.weight"]), p["lm_head.weight"])
        return F.cross_entropy(z.view(-1, c["vocab"]), targets.view(-1))

    def run(self):
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.loss()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimiser.step()
        return loss.item()


steps = {mode: Step(case["tensors"][mode], mode) for mode in ("full", "lora")}
print(json.dumps({"torch": torch.__version__}), flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    loss = steps[line.strip()].run()
    print(json.dumps({"ms": (time.perf_counter() - start) * 1000, "loss": loss}), flush=True)
