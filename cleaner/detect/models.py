"""Where the shipped models stand, and what their cards say; reading a card loads no model."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

MODELS = Path(__file__).parent.parent / "models"
CLASSIFIER, CARD = "classifier.npz", "classifier.json"


@cache
def card() -> dict[str, Any]:
    """Return the card of the shipped classifier: data, folds, figures, known failures, digest."""
    return dict(json.loads((MODELS / CARD).read_text(encoding="utf-8")))
