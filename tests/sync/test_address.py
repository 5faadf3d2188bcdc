"""E-mail addresses: when two are the same, which are understood, and what an unreadable one may mean."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import address
from sync.text import visible

ZERO_WIDTH_SPACE, SOFT_HYPHEN, RIGHT_TO_LEFT_OVERRIDE = "\u200b", "\u00ad", "\u202e"


@given(st.text())
def test_the_key_of_a_key_is_itself(text: str) -> None:
    once = address.key(text)

    twice = address.key(once)

    assert twice == once


@given(st.text())
def test_the_address_of_an_address_is_itself(text: str) -> None:
    once = address.address(text)

    twice = address.address(once)

    assert twice == once


@given(st.text())
def test_the_forms_of_a_text_are_its_key_and_its_address(text: str) -> None:
    forms = address.forms(text)

    assert forms == (address.key(text), address.address(text))


def test_an_address_that_is_as_it_should_be_is_not_copied() -> None:
    text = "".join(["alice", "@x.io"])

    key, exact = address.forms(text)

    assert key is text
    assert exact is text
    assert address.key(text) is text


@given(st.emails(), st.sampled_from(["", " ", "\t", "\r\n", "\u00a0"]))
def test_space_around_an_address_and_its_case_make_no_other_person(email: str, space: str) -> None:
    written = f"{space}{email.upper()}{space}"

    key = address.key(written)

    assert key == address.key(email)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_composed_and_decomposed_letters_are_the_same(form: str) -> None:
    text = unicodedata.normalize("NFD" if form == "NFC" else "NFC", "josé@x.io")

    key = address.key(text)

    assert key == address.key(unicodedata.normalize("NFC", "JOSÉ@x.io"))
    assert address.address(text) == "josé@x.io"


@pytest.mark.parametrize(
    "text",
    [
        "alice@x.io",
        "  Alice@X.io\n",
        "u*@x.io",
        "a/b?c=d@x.io",
        "o'brien+tag@x.io",
        "first.last@sub.domain.example",
        "josé@bücher.example",
        "a" * 64 + "@x.io",
        "1@x.io",
        "a@b-c.io",
    ],
)
def test_a_plain_address_is_understood(text: str) -> None:
    found = address.fault(text)

    assert found is None


@pytest.mark.parametrize(
    "text",
    [
        "alice",
        "alice@",
        "@x.io",
        "alice@x",
        "alice@@x.io",
        "alice@x..io",
        ".alice@x.io",
        "alice.@x.io",
        "al..ice@x.io",
        "alice@-x.io",
        "alice@x-.io",
        "alice@x.io.",
        "al ice@x.io",
        '"al ice"@x.io',
        "Alice <alice@x.io>",
        "alice@x.io; bob@x.io",
        "alice@x.io,bob@x.io",
        "alice@[127.0.0.1]",
        f"ali{ZERO_WIDTH_SPACE}ce@x.io",
        f"alice@x.io{ZERO_WIDTH_SPACE}",
        f"{ZERO_WIDTH_SPACE}alice@x.io",
        f"ali{SOFT_HYPHEN}ce@x.io",
        f"{RIGHT_TO_LEFT_OVERRIDE}alice@x.io",
        "ali\x00ce@x.io",
        "ali\x1bce@x.io",
        "ali\nce@x.io",
        "alice@x.io\nbob@x.io",
        "\ufeffalice@x.io",
        "ali\ud800ce@x.io",
    ],
)
def test_what_is_no_plain_address_is_a_fault_that_shows_it_safely(text: str) -> None:
    found = address.fault(text)

    assert found is not None
    assert found.endswith("is not an e-mail address")
    assert found.isprintable()


@pytest.mark.parametrize("text", ["", "  ", "\t\n"])
def test_a_blank_address_is_called_empty(text: str) -> None:
    found = address.fault(text)

    assert found == "the e-mail is empty"


def test_the_local_part_may_be_64_characters_long_and_no_longer() -> None:
    longest, longer = "a" * 64 + "@x.io", "a" * 65 + "@x.io"

    found = address.fault(longest), address.fault(longer)

    assert found[0] is None
    assert found[1] is not None
    assert "longer than 64 characters" in found[1]


def test_an_address_may_be_254_characters_long_and_no_longer() -> None:
    labels = ".".join(["d" * 61] * 4)  # 247 characters
    longest, longer = f"abcdef@{labels}", f"abcdefg@{labels}"

    found = address.fault(longest), address.fault(longer)

    assert (len(longest), len(longer)) == (254, 255)
    assert found == (None, "the e-mail is longer than 254 characters")


@pytest.mark.parametrize("text", ["a" * 10_000, "a@" * 5_000, "a." * 5_000, "a@" + "b-" * 5_000, "a" * 9_995 + "@x.io"])
def test_ten_thousand_characters_are_a_short_fault(text: str) -> None:
    found = address.fault(text)

    assert found == "the e-mail is longer than 254 characters"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("alice@@x.io", ["alice@x.io"]),
        ("Alice <Alice@x.io>", ["alice@x.io"]),
        ("alice@x.io; bob@x.io", ["alice@x.io", "bob@x.io"]),
        ("alice@x.io,bob@x.io", ["alice@x.io", "bob@x.io"]),
        ("alice@x.io/bob@x.io", ["alice@x.io", "bob@x.io"]),
        ("alice@x.io|bob@x.io", ["alice@x.io", "bob@x.io"]),
        ("'alice@x.io'; 'bob@x.io'", ["alice@x.io", "bob@x.io"]),
        ("alice @x,io", ["alice@x.io"]),
        ("mailto:alice@x.io", ["alice@x.io"]),
        ("alice@x.io.", ["alice@x.io"]),
        (f"ali{ZERO_WIDTH_SPACE}ce@x.io", ["alice@x.io"]),
        ("\ufeffalice@x.io", ["alice@x.io"]),
        ("\uff41lice@@x.io", ["alice@x.io"]),  # a full-width a
        ("al ice@x.io", ["alice@x.io", "ice@x.io"]),
        ('"al.ice"@x.io', ["al.ice@x.io"]),
        ("ALICE@@X.IO", ["alice@x.io"]),
        ("JOSÉ@@x.io", ["josé@x.io"]),
        ("a" * 9_000 + " alice@x.io", ["alice@x.io"]),
    ],
)
def test_an_unreadable_text_may_stand_for_the_addresses_in_it(text: str, meant: list[str]) -> None:
    lookalikes = address.Lookalikes([text])

    behind = [lookalikes.behind(address.key(email)) for email in meant]

    assert behind == [text] * len(meant)


@pytest.mark.parametrize("text", ["alice@@x.io", "Alice <alice@x.io>", "alice", "@@@", "\x00", "nobody"])
def test_an_unreadable_text_does_not_stand_for_somebody_else(text: str) -> None:
    lookalikes = address.Lookalikes([text])

    behind = lookalikes.behind("bob@x.io")

    assert behind is None


def test_nothing_unreadable_stands_for_nobody() -> None:
    lookalikes = address.Lookalikes([]), address.Lookalikes(["@@@"]), address.Lookalikes(["alice@@x.io"])

    some = [bool(one) for one in lookalikes]

    assert some == [False, False, True]


@given(st.emails(), st.sampled_from(["<%s>", "(%s)", "x <%s>", "%s;", "%s %s", "[%s]", '"%s"', "%s\u200b"]))
def test_an_address_in_any_wrapping_is_found_again(email: str, wrapping: str) -> None:
    text = wrapping.replace("%s", email)

    behind = address.Lookalikes([text]).behind(address.key(email))

    assert behind == text


@pytest.mark.parametrize(
    ("pattern", "email", "expected"),
    [
        ("root@x.io", "root@x.io", True),
        ("ROOT@X.io", "root@x.io", True),
        ("*@x.io", "ann@x.io", True),
        ("*@x.io", "ann@x.io.evil.example", False),
        ("adm?n@x.io", "admin@x.io", True),
        ("[ab]nn@x.io", "ann@x.io", True),
        ("root@x.io", "aroot@x.io", False),
        (" root@x.io ", "root@x.io", True),
        ("STRASSE@x.io", "straße@x.io", True),
        ("u*@x.io", "u*@x.io", True),
        ("a/b?c=d@x.io", "a/b?c=d@x.io", True),
        ("rootXx.io", "root.x.io", False),
        ("", "root@x.io", False),
        ("  ", "", False),
    ],
)
def test_patterns_match_whole_addresses_in_any_case(pattern: str, email: str, expected: bool) -> None:  # noqa: FBT001
    matches = address.matcher([pattern])

    found = matches(address.key(email))

    assert found is expected


def test_any_of_several_patterns_is_enough() -> None:
    matches = address.matcher(["ann@x.io", "*@y.io"])

    found = [matches(key) for key in ("ann@x.io", "bob@y.io", "bob@x.io")]

    assert found == [True, True, False]


@given(st.text())
def test_text_made_visible_has_one_line_and_no_invisible_character(text: str) -> None:
    shown = visible(text)

    assert shown.isprintable()


def test_text_is_cut_at_the_limit_and_says_so() -> None:
    shown = visible("abc", 3), visible("abcd", 3)

    assert shown == ("abc", "abc...")


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("Ann@X.io", {"ann@x.io"}),
        ("strasse@x.io", {"strasse@x.io", "stra\u00dfe@x.io"}),
        ("STRA\u00dfE@x.io", {"strasse@x.io", "stra\u00dfe@x.io"}),
        (
            "grossgasse@x.io",
            {"grossgasse@x.io", "gro\u00dfgasse@x.io", "grossga\u00dfe@x.io", "gro\u00dfga\u00dfe@x.io"},
        ),
        ("andr\u00e9@x.io", {"andr\u00e9@x.io", "andre\u0301@x.io"}),
    ],
)
def test_the_spellings_of_an_address_are_all_that_count_as_the_same(text: str, others: set[str]) -> None:
    assert address.spellings(text) == others


@given(st.text(alphabet="s\u00df\u03c3\u03c2a\u00e9e\u0301@x.", max_size=40))
def test_every_spelling_counts_as_the_same_and_there_are_never_many(text: str) -> None:
    spellings = address.spellings(text)

    assert {address.key(one) for one in spellings} == {address.key(text)}
    assert address.address(text) in spellings
    assert len(spellings) <= 40
