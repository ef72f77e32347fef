from __future__ import annotations

import pytest

from cleaner.bench.peers import PEERS

MENU = "Home\nSport\nWeather\nShop now"
BODY = (
    "It was the third storm of the winter and by far the worst of them, and when it was over there "
    "was so little left of the pier that the people of the town could not say where it had been; "
    "they had seen it go in the night, they said, and there was nothing that they could do but "
    "look at what the sea had made of it in the morning.\n"
    "The ferry to the islands will not sail before Thursday, the harbour master said on Monday.\n"
    "Divers will look at the foundations as soon as the swell allows it, and that may take some "
    "time, because the water in the bay is still full of sand and of what is left of the old pier.\n"
    'The town hopes to open the pier before the summer, she said: "We need it by then."'
)
PAGE = f"{MENU}\n{BODY}\nPrivacy policy and terms of use apply.\n12 likes\nMore about islands..."


@pytest.mark.parametrize("name", PEERS)
def test_every_peer_keeps_only_what_was_there(name: str) -> None:
    kept = [line.strip() for line in PEERS[name](PAGE, "en").split("\n") if line.strip()]
    assert kept
    assert all(line in PAGE for line in kept)


@pytest.mark.parametrize("name", ["C4 line rules", "best stretch"])
def test_who_finds_just_the_body(name: str) -> None:
    assert PEERS[name](PAGE, "en") == BODY


def test_refinedweb_leaves_out_counters_and_single_words() -> None:
    kept = PEERS["RefinedWeb line rules"](PAGE, "en").split("\n")
    assert kept == [
        line for line in PAGE.split("\n") if line not in ("Home", "Sport", "Weather", "12 likes")
    ]


def test_gopher_leaves_out_repeats_bullets_and_ellipses() -> None:
    assert PEERS["Gopher line rules"]("One\nOne\n• Two\nThree ...\nFour", "en") == "One\nFour"
