"""Measuring: golden copies, quality and speed, peers beside us in the same run."""
