"""Calls as OpenTelemetry spans, sent to where the usual ``OTEL_…`` variables say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cleaner.errors import InvalidInput
from cleaner.serve.watching import Around, Call


@contextmanager
def tracing() -> Iterator[Around]:
    """Return what makes a span of each call, a child of its caller's; sends the last at the end.

    A tracer that the program has set up already is used as it is.

    Raises:
        InvalidInput: the extra ``tracing`` is not installed.
    """
    try:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
    except ImportError:
        name = "telemetry.tracing"
        why = f"{name} takes an extra: pip install 'boilerstrip[tracing]'"
        raise InvalidInput(name, why) from None
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        trace.set_tracer_provider(_provider())
    try:
        yield _spans
    finally:
        provider = trace.get_tracer_provider()
        if isinstance(provider, TracerProvider):
            provider.force_flush()


def _provider() -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # OTEL_SERVICE_NAME wins: Resource.create merges the environment over what it is given.
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: "cleaner"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


@contextmanager
def _spans(call: Call) -> Iterator[None]:
    from opentelemetry import propagate, trace

    service, _, method = call.method.partition("/")
    # Not the current span: a stream's generator may be closed from another context. And no
    # exception is recorded: its message might quote a document.
    span = trace.get_tracer("cleaner").start_span(
        call.method,
        propagate.extract({key: str(value) for key, value in call.metadata.items()}),
        trace.SpanKind.SERVER,
        {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method},
    )
    try:
        yield
    finally:
        number, name = call.code.value
        span.set_attribute("rpc.grpc.status_code", number)
        if number:
            span.set_status(trace.StatusCode.ERROR, name)
        span.end()
