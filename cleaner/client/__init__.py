"""The service from a caller's side: `Client` has the methods of the in-process `Cleaner`."""

from cleaner.client.asynchronous import AsyncClient
from cleaner.client.channel import Tls
from cleaner.client.conversation import Retries
from cleaner.client.learner import LearnerClient
from cleaner.client.sync import Client

__all__ = ["AsyncClient", "Client", "LearnerClient", "Retries", "Tls"]
