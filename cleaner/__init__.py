r"""Raw scraped text goes in, the article comes out, and whatever was dropped can be put back.

>>> from cleaner import clean
>>> clean("The bridge opened on Monday.\\n\\nRead more »").text
'The bridge opened on Monday.'
"""

from cleaner.errors import CleanerError, InvalidInput, RuleError, TooLarge, UnknownName
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

__version__ = "0.1.0"

__all__ = [
    "PROFILES",
    "Action",
    "Block",
    "Cleaner",
    "CleanerError",
    "Document",
    "Evidence",
    "Finding",
    "InvalidInput",
    "Join",
    "Kind",
    "Limits",
    "Line",
    "Options",
    "Profile",
    "Removal",
    "Result",
    "RuleError",
    "TooLarge",
    "UnknownName",
    "Verdict",
    "clean",
]
