"""Training of the convolution: the same network as `detect.classifier.network`, in PyTorch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from cleaner.detect.classifier.network import CLIP, CONTEXT_BEHIND, DILATIONS, Network
from cleaner.learn.labels import ARTICLE_LINE, CHROME_LINE, HEAD_LINE

Floats = NDArray[np.float32]

WIDTH = 64
_DROPOUT = 0.1
# Documents longer than this are learned from in parts.
_MOST_LINES = 800
_LINES_A_BATCH = 6000
_RATE, _DECAY, _SMOOTHING = 2e-3, 1e-2, 0.01
_AVERAGED = 0.998
_MOST_RARITY = 3.0
_HEAD_SHARE = 0.3


@dataclass(frozen=True)
class Example:
    """A document to learn from."""

    features: NDArray[np.float16]
    labels: Floats
    """What each line is, in the terms of `cleaner.learn.labels`."""
    words: Floats
    """Of each line: what a mistake about it costs."""
    weight: float
    group: tuple[int, str]
    """Page and kind of text: one of each group is shown in an epoch."""


class _Module(nn.Module):
    def __init__(self, features: int, mean: Floats, spread: Floats) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(mean))
        self.register_buffer("spread", torch.from_numpy(spread))
        self.dense = nn.Linear(features, WIDTH)
        self.mixes = nn.ModuleList(
            nn.Conv1d(WIDTH, WIDTH, 3, dilation=reach, padding=reach) for reach in DILATIONS
        )
        self.context = nn.Linear(WIDTH, WIDTH, bias=False)
        self.last = nn.Linear(WIDTH, 2)

    def forward(self, features: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return log-odds of article and of head; `mask` is 0 behind a document's end."""
        there = mask[:, None, :]
        known = torch.clamp((features - self.mean) / self.spread, -CLIP, CLIP)
        known = functional.dropout(known, 0.05, self.training)
        state = functional.relu(self.dense(known)).transpose(1, 2) * there
        for index, mix in enumerate(self.mixes):
            step = functional.dropout(functional.relu(mix(state)), _DROPOUT, self.training)
            state = (state + step) * there
            if index + 1 == CONTEXT_BEHIND:
                mean = state.sum(2) / mask.sum(1, keepdim=True)
                state = (state + functional.relu(self.context(mean))[:, :, None]) * there
        return self.last(state.transpose(1, 2))


def fit(examples: Sequence[Example], epochs: int, seed: int = 0) -> Network:
    """Return a network trained on `examples`."""
    torch.manual_seed(seed)
    luck = np.random.default_rng(seed)
    mean, spread = _moments(examples)
    module = _Module(len(mean), mean, spread)
    averaged = {name: value.clone() for name, value in module.state_dict().items()}
    steps = torch.optim.AdamW(module.parameters(), lr=_RATE, weight_decay=_DECAY)
    first = list(_batches(_shown(examples, np.random.default_rng(seed)), np.random.default_rng(0)))
    total = epochs * len(first)
    schedule = torch.optim.lr_scheduler.OneCycleLR(steps, _RATE, total + 10 * epochs)
    module.train()
    for _ in range(epochs):
        for batch in _batches(_shown(examples, luck), luck):
            features, labels, weights, mask = _padded(batch)
            loss = _loss(module(features, mask), labels, weights)
            steps.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            steps.step()
            schedule.step()
            for name, value in module.state_dict().items():
                averaged[name].lerp_(value, 1 - _AVERAGED)
    return _network(averaged)


def _loss(logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return what the mistakes cost; about a head only that it is one is known."""
    head = labels == HEAD_LINE
    article = (labels == ARTICLE_LINE).float() * (1 - 2 * _SMOOTHING) + _SMOOTHING
    about_article = functional.binary_cross_entropy_with_logits(
        logits[:, :, 0], article, weights * ~head, reduction="sum"
    )
    about_head = functional.binary_cross_entropy_with_logits(
        logits[:, :, 1], head.float(), weights, reduction="sum"
    )
    return (about_article + _HEAD_SHARE * about_head) / weights.sum()


def _moments(examples: Sequence[Example]) -> tuple[Floats, Floats]:
    """Return mean and spread of each feature over a sample of the documents."""
    some = np.concatenate([example.features for example in examples[::7]]).astype(np.float32)
    return some.mean(0), some.std(0) + np.float32(1e-2)


def _shown(examples: Sequence[Example], luck: np.random.Generator) -> list[Example]:
    """Return one document of each group, drawn anew for each epoch."""
    groups: dict[tuple[int, str], list[Example]] = {}
    for example in examples:
        groups.setdefault(example.group, []).append(example)
    return [found[int(luck.integers(len(found)))] for found in groups.values()]


def _batches(examples: Sequence[Example], luck: np.random.Generator) -> Iterator[list[Example]]:
    """Yield the documents in batches of about the same number of lines, in random order."""
    lines = np.array([min(len(example.labels), _MOST_LINES) for example in examples])
    order = np.argsort(lines * luck.uniform(0.8, 1.25, len(lines)), kind="stable")
    batches: list[list[Example]] = [[]]
    longest = 0
    for index in order.tolist():
        longest = max(longest, int(lines[index]))
        if (len(batches[-1]) + 1) * longest > _LINES_A_BATCH and batches[-1]:
            batches.append([])
            longest = int(lines[index])
        batches[-1].append(_part(examples[index], luck))
    for index in luck.permutation(len(batches)).tolist():
        yield batches[index]


def _part(example: Example, luck: np.random.Generator) -> Example:
    if len(example.labels) <= _MOST_LINES:
        return example
    first = int(luck.integers(0, len(example.labels) - _MOST_LINES))
    part = slice(first, first + _MOST_LINES)
    return Example(
        example.features[part],
        example.labels[part],
        example.words[part],
        example.weight,
        example.group,
    )


def _padded(batch: list[Example]) -> tuple[torch.Tensor, ...]:
    """Return features, labels, weights and mask of a batch, the shorter documents filled up."""
    longest = max(len(example.labels) for example in batch)
    features = np.zeros((len(batch), longest, batch[0].features.shape[1]), np.float32)
    labels, weights, mask = (np.zeros((len(batch), longest), np.float32) for _ in range(3))
    for row, example in enumerate(batch):
        lines = len(example.labels)
        usable = ~np.isnan(example.labels)
        features[row, :lines] = example.features
        labels[row, :lines][usable] = example.labels[usable]
        cost = (example.words + 3) * usable
        cost = cost * _rarity(example.labels, cost)
        shares = 0.6 * cost / max(cost.sum(), 1) + 0.4 * usable / max(usable.sum(), 1)
        weights[row, :lines] = shares * example.weight
        mask[row, :lines] = 1
    return tuple(torch.from_numpy(array) for array in (features, labels, weights, mask))


def _rarity(labels: Floats, cost: Floats) -> Floats:
    """Return how much more a line of chrome counts where there is little of it."""
    chrome = labels == CHROME_LINE
    rest = cost[labels == ARTICLE_LINE].sum()
    more = np.clip(np.sqrt(rest / max(float(cost[chrome].sum()), 1.0)), 1.0, _MOST_RARITY)
    return np.where(chrome, more, 1.0).astype(np.float32)


def _network(state: dict[str, torch.Tensor]) -> Network:
    arrays = {name: value.numpy() for name, value in state.items()}
    numbers = range(len(DILATIONS))
    return Network(
        mean=arrays["mean"],
        spread=arrays["spread"],
        dense=arrays["dense.weight"].T,
        dense_bias=arrays["dense.bias"],
        mixes=tuple(
            arrays[f"mixes.{n}.weight"].transpose(2, 1, 0).reshape(3 * WIDTH, WIDTH)
            for n in numbers
        ),
        mix_biases=tuple(arrays[f"mixes.{n}.bias"] for n in numbers),
        context=arrays["context.weight"].T,
        last=arrays["last.weight"].T,
        last_bias=arrays["last.bias"],
    )
