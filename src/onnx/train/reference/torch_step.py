"""The trainer's cases once more, in plain torch with its own autograd and AdamW, in double precision.

Reads the JSON of print-cases.ts from standard input and prints, per case: losses, gradient norms before clipping, and for every trained tensor two
numbers of its first gradient and of its last value: the norm, and the product with sin(1), sin(2), ... which sees any change of order.
"""
import json
import math
import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def norm(x, w, eps):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * w


def frequencies(c):
    inv = 1.0 / c["theta"] ** (torch.arange(0, c["headDim"], 2) / c["headDim"])
    if "rope" not in c:
        return inv
    r = c["rope"]
    old = r["originalPositions"]
    out = []
    for f in inv.tolist():
        wave = 2 * math.pi / f
        if wave < old / r["highFreqFactor"]:
            out.append(f)
        elif wave > old / r["lowFreqFactor"]:
            out.append(f / r["factor"])
        else:
            s = (old / wave - r["lowFreqFactor"]) / (r["highFreqFactor"] - r["lowFreqFactor"])
            out.append((1 - s) * f / r["factor"] + s * f)
    return torch.tensor(out)


def logits(c, p, ids, scale):
    b, t = ids.shape
    h, kv, d = c["heads"], c["kvHeads"], c["headDim"]
    angle = torch.outer(torch.arange(t).double(), frequencies(c))
    cos, sin = (torch.cat([f(angle), f(angle)], -1) for f in (torch.cos, torch.sin))

    def linear(x, path):
        y = F.linear(x, p[path + ".weight"], p.get(path + ".bias"))
        if path + ".lora_A.weight" in p:
            y = y + scale * F.linear(F.linear(x, p[path + ".lora_A.weight"]), p[path + ".lora_B.weight"])
        return y

    def heads(x, n, path):
        x = x.view(b, t, n, d)
        return norm(x, p[path], c["eps"]) if path in p else x

    def rotate(x):
        first, second = x.chunk(2, -1)
        return x * cos[:, None] + torch.cat([-second, first], -1) * sin[:, None]

    x = p["model.embed_tokens.weight"][ids]
    for layer in range(c["layers"]):
        path = f"model.layers.{layer}."
        att = path + "self_attn."
        y = norm(x, p[path + "input_layernorm.weight"], c["eps"])
        q = rotate(heads(linear(y, att + "q_proj"), h, att + "q_norm.weight")).transpose(1, 2)
        k = rotate(heads(linear(y, att + "k_proj"), kv, att + "k_norm.weight")).transpose(1, 2).repeat_interleave(h // kv, 1)
        v = linear(y, att + "v_proj").view(b, t, kv, d).transpose(1, 2).repeat_interleave(h // kv, 1)
        scores = (q @ k.transpose(-1, -2)) / math.sqrt(d)
        scores = scores.masked_fill(torch.triu(torch.ones(t, t, dtype=torch.bool), 1), float("-inf"))
        x = x + linear((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, t, h * d), att + "o_proj")
        y = norm(x, p[path + "post_attention_layernorm.weight"], c["eps"])
        x = x + linear(F.silu(linear(y, path + "mlp.gate_proj")) * linear(y, path + "mlp.up_proj"), path + "mlp.down_proj")
    x = norm(x, p["model.norm.weight"], c["eps"])
    return F.linear(x, p["model.embed_tokens.weight" if c["tied"] else "lm_head.weight"])


def digits(values):
    return [float(f"{x:.9g}") for x in values]


def two(x):
    flat = x.detach().flatten()
    return digits([flat.norm().item(), (flat * torch.sin(torch.arange(1, flat.numel() + 1).double())).sum().item()])


def run(case):
    c, mode = case["config"], case["options"]["mode"]
    p = {name: torch.tensor(w["data"]).view(w["dims"]) for name, w in case["weights"].items()}
    trained = {name: x.requires_grad_() for name, x in p.items() if mode == "full" or ".lora_" in name}
    groups = [
        {"params": [x for x in trained.values() if x.dim() > 1], "weight_decay": 0.01},
        {"params": [x for x in trained.values() if x.dim() == 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW([g for g in groups if g["params"]], betas=(0.9, 0.98), eps=1e-8)
    scale = 0 if mode == "full" else mode["alpha"] / mode["r"]
    losses, norms, gradients = [], [], None
    for batch, rate in zip(case["whole"], case["rates"]):
        shape = (batch["rows"], batch["length"])
        ids, targets, weights = (torch.tensor(batch[key]).view(shape) for key in ("ids", "targets", "weights"))
        nll = F.cross_entropy(logits(c, p, ids, scale).transpose(1, 2), targets, reduction="none")
        loss = (nll * weights).sum()
        optimiser.zero_grad()
        loss.backward()
        losses.append(loss.item())
        if gradients is None:
            gradients = {name: two(x.grad) for name, x in trained.items()}
        norms.append(torch.nn.utils.clip_grad_norm_(list(trained.values()), 1.0).item())
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.step()
    values = {name: two(x) for name, x in trained.items()}
    return {"losses": digits(losses), "norms": digits(norms), "gradients": gradients, "values": values}


result = {case["name"]: run(case) for case in json.load(sys.stdin)}
print(json.dumps({"torch": torch.__version__, "cases": result}))
