r"""Raw scraped text goes in, the article comes out, and whatever was dropped can be put back.

>>> from cleaner import clean
>>> clean("The bridge opened on Monday.\\n\\nRead more »").text
'The bridge opened on Monday.'
"""

from cleaner.errors import (
    CleanerError,
    DeadlineExceeded,
    InvalidInput,
    NotAllowed,
    Overloaded,
    RuleError,
    ServerError,
    TooLarge,
    UnknownName,
    Unreachable,
)
from cleaner.ingest.limits import Limits
from cleaner.model import (
    Action,
    Block,
    Document,
    Evidence,
    Finding,
    Join,
    Kind,
    Line,
    Removal,
    Result,
    Verdict,
)
from cleaner.pipeline import Cleaner, clean
from cleaner.profiles import PROFILES, Options, Profile
from cleaner.protocols import AnyAsyncCleaner, AnyCleaner, Given, Outcome

__version__ = "0.1.0"

__all__ = [
    "PROFILES",
    "Action",
    "AnyAsyncCleaner",
    "AnyCleaner",
    "Block",
    "Cleaner",
    "CleanerError",
    "DeadlineExceeded",
    "Document",
    "Evidence",
    "Finding",
    "Given",
    "InvalidInput",
    "Join",
    "Kind",
    "Limits",
    "Line",
    "NotAllowed",
    "Options",
    "Outcome",
    "Overloaded",
    "Profile",
    "Removal",
    "Result",
    "RuleError",
    "ServerError",
    "TooLarge",
    "UnknownName",
    "Unreachable",
    "Verdict",
    "clean",
]
