"""A worker that finds its models where ``DAMAGED_MODELS`` says."""

import os
from pathlib import Path

from cleaner.detect import classifier, models
from cleaner.serve import answering


def main(*arguments: str) -> None:
    """Work, with those models."""
    models.MODELS = classifier.MODELS = Path(os.environ["DAMAGED_MODELS"])
    answering.main(*arguments)
