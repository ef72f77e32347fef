from __future__ import annotations

import numpy as np

from cleaner.detect.classifier.network import DILATIONS, Network


def network(width: int = 4, features: int = 3) -> Network:
    luck = np.random.default_rng(1)

    def some(*shape: int) -> np.ndarray:
        return luck.normal(size=shape).astype(np.float32)

    return Network(
        mean=some(features), spread=np.ones(features, np.float32), dense=some(features, width),
        dense_bias=some(width), mixes=tuple(some(3 * width, width) for _ in DILATIONS),
        mix_biases=tuple(some(width) for _ in DILATIONS), context=some(width, width),
        last=some(width, 2), last_bias=some(2),
    )  # fmt: skip


def slow(net: Network, features: np.ndarray) -> np.ndarray:
    """The same network, a line at a time."""
    state = np.maximum(net.standard(features) @ net.dense + net.dense_bias, 0)
    nothing = np.zeros(state.shape[1])
    for index, reach in enumerate(DILATIONS):
        rows = []
        for line in range(len(state)):
            before = state[line - reach] if line >= reach else nothing
            behind = state[line + reach] if line + reach < len(state) else nothing
            beside = np.concatenate([before, state[line], behind])
            rows.append(
                state[line] + np.maximum(beside @ net.mixes[index] + net.mix_biases[index], 0)
            )
        state = np.stack(rows)
        if index == 2:
            state = state + np.maximum(state.mean(axis=0) @ net.context, 0)
    return state @ net.last + net.last_bias


def test_the_whole_document_at_once_gives_what_line_by_line_gives() -> None:
    net = network()
    for lines in (1, 2, 31, 80):
        features = np.random.default_rng(lines).normal(size=(lines, 3)).astype(np.float32)
        np.testing.assert_allclose(
            net.log_odds(features), slow(net, features), rtol=1e-3, atol=1e-3
        )


def test_features_far_out_are_brought_in() -> None:
    net = network()
    far = np.full((2, 3), 1e30, np.float32)
    assert np.isfinite(net.log_odds(far)).all()
