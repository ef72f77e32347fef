"""The service from a caller's side: `Client` has the methods of the in-process `Cleaner`."""

from cleaner.client.learner import LearnerClient
from cleaner.client.sync import Client

__all__ = ["Client", "LearnerClient"]
