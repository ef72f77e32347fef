"""Unary, batch and stream give what the library gives, byte for byte, in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from calls import many, one, text
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from cleaner import Cleaner, Document, Options
from cleaner.render.offsets import Unit
from cleaner.serve import servicers, wire
from cleaner.serve.admission import Admission
from cleaner.serve.convert import View, answer_of
from cleaner.serve.settings import ServeSettings
from cleaner.serve.workers import Reply
from cleaner.v1 import cleaner_service_pb2 as pb
from cleaner.v1 import document_pb2, options_pb2
from cleaner.v1 import ruleset_service_pb2 as rulesets
from cleaner.v1.cleaner_service_pb2_grpc import CleanerServiceStub
from cleaner.v1.ruleset_service_pb2_grpc import RulesetServiceStub

STORY = "The council voted on Monday to rebuild the bridge over the river."
SOURCES = [
    f"{STORY}\n\nSign up for our newsletter 📬\n\n{STORY}\n",
    "Le pont a été rouvert lundi.\n\nAbonnez-vous à notre newsletter\n\nLire la suite »\n",
    "Мост открыли в понедельник.\r\n\r\nПодпишитесь на нашу рассылку\r\n\r\nЧитайте также:\r\n",
    *(
        path.read_text()
        for path in sorted(Path(__file__).parents[2].glob("golden/seeds/*/source.txt"))
    ),
]


@pytest.mark.parametrize("profile", ["standard", "body", "light"])
def test_all_surfaces_agree_byte_for_byte(stub: CleanerServiceStub, profile: str) -> None:
    options: dict[str, Any] = {
        "profile": profile,
        "reflow": True,
        "include_quotes": True,
        "offset_unit": options_pb2.OFFSET_UNIT_UTF8,
    }
    documents = [text(source, id=str(number)) for number, source in enumerate(SOURCES)]
    cleaner = Cleaner(Options(profile=profile, reflow=True))
    library = [
        answer_of(cleaner.clean(Document(text=row.text, id=row.id)), View(Unit.UTF8, quotes=True))
        for row in documents
    ]
    unary = [stub.Clean(one(row, **options)).answer for row in documents]
    batch = [item.answer for item in stub.BatchClean(many(documents, **options)).items]
    request = pb.StreamCleanRequest(options=options_pb2.Options(**options), documents=documents)
    stream = [item.answer for answer in stub.StreamClean(iter([request])) for item in answer.items]
    told = [
        [answer.SerializeToString(deterministic=True) for answer in answers]
        for answers in (library, unary, batch, stream)
    ]
    assert told[0] == told[1] == told[2] == told[3]


def test_the_visible_text_of_a_page_is_returned_on_request(stub: CleanerServiceStub) -> None:
    markup = f"<html><body><p>{STORY}</p><p>Sign up for our newsletter</p></body></html>"
    document = document_pb2.Document(kind=document_pb2.KIND_HTML, text=markup)
    answer = stub.Clean(one(document, include_source_text=True)).answer
    source = answer.source_text
    for row in reversed(answer.removed):
        source = source[: row.source_range.start] + source[row.source_range.end :]
    assert "<p>" not in answer.source_text
    assert source == answer.text
    assert not stub.Clean(one(document)).answer.HasField("source_text")


def test_a_stream_answers_in_order(stub: CleanerServiceStub) -> None:
    """Batches of very different cost overtake each other inside, never outside."""
    sizes = [1, 40, 3, 1, 30, 2, 5, 1, 1, 25] * 2
    requests = [
        pb.StreamCleanRequest(documents=[text(f"{STORY} {number}.{row}") for row in range(size)])
        for number, size in enumerate(sizes)
    ]
    for request, answer in zip(requests, stub.StreamClean(iter(requests)), strict=True):
        told = [item.answer.text for item in answer.items]
        assert told == [document.text for document in request.documents]


def test_a_bad_batch_ends_its_stream_after_the_good_ones(stub: CleanerServiceStub) -> None:
    good = pb.StreamCleanRequest(documents=[text("x")])
    bad = pb.StreamCleanRequest(options=options_pb2.Options(profile="nope"))
    answers = stub.StreamClean(iter([good, good, bad, good]))
    assert len([next(answers), next(answers)]) == 2
    with pytest.raises(grpc.RpcError) as caught:
        next(answers)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


class _EndlessPool:
    """Answers at once."""

    async def ask_batch(self, _: wire.Batch) -> Reply:
        await asyncio.sleep(0)
        return Reply(True, b"")


@pytest.mark.fault(29)
def test_a_stream_that_nobody_reads_is_not_read_either() -> None:
    """The window, one request in the reader's hand and one answer on the way: no more is held."""
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b""

    async def read_one_and_wait() -> None:
        settings = ServeSettings(workers=2)
        admission = Admission(settings, lambda: 0.0)
        servicer = servicers.CleanerServicer(_EndlessPool(), admission, settings)  # type: ignore[arg-type]
        answers = servicer.stream_clean(endless(), None)  # type: ignore[arg-type]
        await anext(answers)
        await asyncio.sleep(0.05)
        await answers.aclose()  # type: ignore[attr-defined]

    asyncio.run(read_one_and_wait())
    assert taken <= 4 + 2


def test_the_ruleset_tells_what_options_may_name(channel: grpc.Channel) -> None:
    ruleset = RulesetServiceStub(channel).GetRuleset(rulesets.GetRulesetRequest()).ruleset
    cleaner = Cleaner()
    assert ruleset.version == cleaner.ruleset_version
    assert [row.id for row in ruleset.categories] == list(cleaner.rulebook.categories)
    assert "standard" in [row.name for row in ruleset.profiles]
    assert "rules" in ruleset.detectors
    assert ruleset.rule_count == len(cleaner.rulebook.rules) > 0


def test_rules_are_listed_page_by_page_and_found_by_id(channel: grpc.Channel) -> None:
    stub = RulesetServiceStub(channel)
    request, ids = rulesets.ListRulesRequest(language="en", page_size=7), []
    while True:
        page = stub.ListRules(request)
        ids += [rule.id for rule in page.rules]
        request.page_token = page.next_page_token
        if not request.page_token:
            break
    known = [rule.id for rule in Cleaner().rulebook.rules if rule.language == "en"]
    assert ids == sorted(known)
    assert stub.GetRule(rulesets.GetRuleRequest(id=ids[0])).rule.id == ids[0]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda stub: stub.GetRule(rulesets.GetRuleRequest(id="nope")), "NOT_FOUND"),
        (lambda stub: stub.ListRules(rulesets.ListRulesRequest(category="nope")), None),
        (lambda stub: stub.ListRules(rulesets.ListRulesRequest(page_size=-1)), None),
    ],
)
def test_unknown_rules_are_refused(channel: grpc.Channel, call: Any, code: str | None) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call(RulesetServiceStub(channel))
    assert caught.value.code().name == (code or "INVALID_ARGUMENT")


@pytest.mark.parametrize("name", ["", servicers.CLEANER_SERVICE, servicers.RULESET_SERVICE])
def test_health_is_told_for_each_service(channel: grpc.Channel, name: str) -> None:
    request = health_pb2.HealthCheckRequest(service=name)
    answer = health_pb2_grpc.HealthStub(channel).Check(request)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_lists_and_describes_the_services(channel: grpc.Channel, version: str) -> None:
    call = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=servicers.CLEANER_SERVICE),
    ]
    names, file = list(call(iter(asked)))
    listed = {service.name for service in names.list_services_response.service}
    assert {servicers.CLEANER_SERVICE, servicers.RULESET_SERVICE} <= listed
    assert file.file_descriptor_response.file_descriptor_proto
