"""What RulesetService answers, from an immutable Rulebook."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches

from cleaner import Cleaner
from cleaner.detect.rulebook import PROTECT, Rule, Rulebook
from cleaner.errors import InvalidInput, UnknownName
from cleaner.profiles import DETECTORS, PROFILES
from cleaner.v1 import ruleset_service_pb2 as pb

_PAGE = 100
_LARGEST_PAGE = 1_000


def get_ruleset(cleaner: Cleaner, versions: Iterable[str]) -> pb.GetRulesetResponse:
    """Return what is loaded; `versions` are those that a caller may pin."""
    book, bundle = cleaner.rulebook, cleaner.bundle
    every = range(len(bundle)) if bundle else range(0)
    counts = Counter(rule.category for rule in book.rules)
    ruleset = pb.Ruleset(
        version=cleaner.ruleset_version,
        categories=[
            pb.Category(
                id=row.id, title=row.title, profiles=row.profiles, rule_count=counts[row.id]
            )
            for row in book.categories.values()
        ],
        profiles=_profiles(book),
        detectors=DETECTORS,
        rule_count=len(book.rules),
        template_count=int(bundle.column("accepted", every).sum()) if bundle else 0,
        publisher_count=len(bundle.publishers) if bundle else 0,
        bundle_digest=bundle.digest if bundle else "",
        loaded_versions=versions,
    )
    return pb.GetRulesetResponse(ruleset=ruleset)


def _profiles(book: Rulebook) -> Iterable[pb.Profile]:
    for row in PROFILES.values():
        yield pb.Profile(
            name=row.name,
            summary=row.summary,
            categories=[
                key for key, value in book.categories.items() if row.name in value.profiles
            ],
            min_confidence=row.min_confidence,
            detectors=row.detectors,
        )


def list_rules(request: pb.ListRulesRequest, cleaner: Cleaner) -> pb.ListRulesResponse:
    """Return a page of rules. The page token is the last id of the page before.

    Raises:
        UnknownName: no such category.
        InvalidInput: a negative page size.
    """
    book = cleaner.rulebook
    known = (*book.categories, PROTECT)
    if request.category and request.category not in known:
        raise UnknownName("category", request.category, known)
    if request.page_size < 0:
        raise InvalidInput("page_size", f"page_size {request.page_size} is negative")
    rules = sorted(
        (
            rule
            for rule in book.rules
            if request.category in ("", rule.category) and request.language in ("", rule.language)
        ),
        key=lambda rule: rule.id,
    )
    first = bisect_right(rules, request.page_token, key=lambda rule: rule.id)
    after = first + min(request.page_size or _PAGE, _LARGEST_PAGE)
    return pb.ListRulesResponse(
        rules=[_rule(rule) for rule in rules[first:after]],
        next_page_token=rules[after - 1].id if after < len(rules) else "",
        ruleset_version=cleaner.ruleset_version,
    )


def get_rule(request: pb.GetRuleRequest, cleaner: Cleaner) -> pb.GetRuleResponse:
    """Return one rule.

    Raises:
        UnknownName: no such rule; it names those with similar ids.
    """
    rules = cleaner.rulebook.by_id
    if request.id not in rules:
        raise UnknownName("rule", request.id, tuple(get_close_matches(request.id[:200], rules)))
    return pb.GetRuleResponse(rule=_rule(rules[request.id]))


def _rule(rule: Rule) -> pb.Rule:
    return pb.Rule(
        id=rule.id,
        category=rule.category,
        language=rule.language,
        scope=rule.scope,
        keywords=rule.keywords,
        pattern=rule.pattern,
        why=rule.why,
        confidence=rule.confidence,
    )
