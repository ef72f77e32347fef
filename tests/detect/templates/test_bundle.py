"""A bundle is whole or refused, the same for the same templates, and never a pickle."""

from __future__ import annotations

import gc
import pickle
import random
import time
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cleaner.detect.templates import Bundle, Template, Where
from cleaner.detect.templates.bundle import SLOT
from cleaner.detect.templates.slots import anchor_print
from cleaner.errors import BundleError


def template(text: str, publisher: str = "lantern.example", **change: object) -> Template:
    slots = SLOT in text
    where = change.pop("where", Where.BLOCK)
    made = Template(
        publisher=publisher, text=text, where=where, category="other", confidence=0.95, pages=9,  # type: ignore[arg-type]
        days=4, share=0.5, first=20000, last=20009, position="tail", opens=0,
        room=8 if slots else 0, reason="recurs", fingerprint=anchor_print(text, where),  # type: ignore[arg-type]
    )  # fmt: skip
    return replace(made, **change)  # type: ignore[arg-type]


TEMPLATES = (
    template("Sign up for the Lantern letter"),
    template("You have 3 free articles left"),
    template(f"The post {SLOT} appeared first on Lantern"),
    template("Ask the harbour desk", "harbour.example", accepted=False, reason="on two pages"),
)


def test_what_is_saved_is_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "learned.npz"
    Bundle.of(TEMPLATES).save(path)
    read = Bundle.load(path)
    assert set(read) == set(TEMPLATES)
    assert read.publishers == ["harbour.example", "lantern.example"]
    assert [p.name for p in tmp_path.iterdir()] == ["learned.npz"]
    plain = tmp_path / "plain"
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode


def test_order_of_templates_does_not_matter(tmp_path: Path) -> None:
    Bundle.of(TEMPLATES).save(tmp_path / "a")
    Bundle.of([*TEMPLATES[::-1], TEMPLATES[0]]).save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_refused_candidates_are_kept_but_not_applied() -> None:
    bundle = Bundle.of(TEMPLATES)
    assert len(bundle.of_publisher("lantern.example")) == 3
    assert len(bundle.of_publisher("harbour.example")) == 0
    assert len(bundle.all_of("harbour.example")) == 1
    assert len(bundle.of_publisher("nobody.example")) == 0


def test_ids_are_distinct_and_name_the_publisher() -> None:
    ids = [t.id for t in TEMPLATES]
    assert len(set(ids)) == len(ids)
    assert all(t.id.startswith(t.publisher + "#") for t in TEMPLATES)


@pytest.mark.fault(36, 42)
@pytest.mark.parametrize("damage", ["cut", "flip", "pickle", "empty", "text", "other format"])
def test_damaged_files_are_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "learned.npz"
    Bundle.of(TEMPLATES).save(path)
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "flip":
        at = whole.index(b"Sign up")
        path.write_bytes(whole[:at] + b"s" + whole[at + 1 :])
    elif damage == "pickle":
        path.write_bytes(pickle.dumps({"keys": [1]}))
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_text("templates")
    else:
        np.savez(path, digest=np.frombuffer(b"0" * 16, np.uint8), format=np.array([99]))
        path.with_suffix(".npz").replace(path)
    with pytest.raises(BundleError, match="learned"):
        Bundle.load(path)


def test_no_flipped_byte_gets_through_or_raises_anything_else(tmp_path: Path) -> None:
    path, bundle = tmp_path / "learned.npz", Bundle.of(TEMPLATES)
    bundle.save(path)
    whole = path.read_bytes()
    luck = random.Random(11)
    for _ in range(300):
        at = luck.randrange(len(whole))
        path.write_bytes(
            whole[:at] + bytes([whole[at] ^ (1 << luck.randrange(8))]) + whole[at + 1 :]
        )
        try:
            assert Bundle.load(path).digest == bundle.digest  # a byte that nobody reads
        except BundleError:
            continue


def test_a_bundle_that_nobody_holds_is_gone_at_once() -> None:
    bundle = Bundle.of(TEMPLATES)
    assert [bundle.template(n).text for n in bundle.of_publisher("lantern.example")]
    gone = weakref.ref(bundle)
    gc.disable()
    try:
        del bundle
        assert gone() is None
    finally:
        gc.enable()


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="gone"):
        Bundle.load(tmp_path / "gone.npz")


def test_ten_thousand_publishers_load_fast(tmp_path: Path) -> None:
    made = [
        template(f"Line {word} of {n} and its desk {chr(97 + n % 26)}{n}x", f"p{n}.example")
        for n in range(2000)
        for word in ("one", "two", "three")
    ]
    path = tmp_path / "many.npz"
    Bundle.of(made).save(path)
    started = time.process_time()
    bundle = Bundle.load(path)
    assert time.process_time() - started < 0.5
    assert len(bundle.of_publisher("p77.example")) == 3
