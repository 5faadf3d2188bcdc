"""E-mail addresses: when two are the same, which ones we understand, and what an unreadable one may mean."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, product

from sync.text import visible

# RFC 5322 dot-atoms, opened to letters beyond ASCII; quoted local parts are not understood on purpose.
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_LABEL = r"[^\W_][\w-]{0,62}(?<=[^\W_])"
_LOCAL, _DOMAIN = rf"{_ATOM}(?:\.{_ATOM})*", rf"{_LABEL}(?:\.{_LABEL})+"
_ADDRESS = re.compile(f"{_LOCAL}@{_DOMAIN}")
_AFTER_AT = re.compile(_DOMAIN)
_BEFORE_AT = re.compile(rf"{_LOCAL}\Z"), re.compile(r"[\w.+-]+\Z")  # the second: in alice@x.io/bob@x.io, what / ends
_LOCAL_LIMIT, _TOTAL_LIMIT = 64, 254  # Auth0, "User profile structure": local part and whole address
_SHARP, _SIGMA, _LAST_SIGMA = "\u00df", "\u03c3", "\u03c2"
_WAYS = dict.fromkeys(("ss", _SHARP), ("ss", _SHARP)) | dict.fromkeys((_SIGMA, _LAST_SIGMA), (_SIGMA, _LAST_SIGMA))
_SPELT_ALIKE = re.compile(f"({'|'.join(_WAYS)})")
_MOST_SPELLINGS = 16  # as many as four such places have
_PUNCTUATION = bytes(code for code in range(128) if not chr(code).isalnum())


def address(text: str) -> str:
    """The address as it is sent to Auth0: trimmed, NFC, lower case (Auth0 stores database e-mails so)."""
    if text.isascii():
        return _plain(text)
    return unicodedata.normalize("NFC", text.strip()).lower()


def key(text: str) -> str:
    """What makes two e-mails the same person: trimmed, NFC, casefolded."""
    if text.isascii():
        return _plain(text)
    folded = unicodedata.normalize("NFC", text.strip()).casefold()
    return unicodedata.normalize("NFC", folded)


def spellings(text: str) -> set[str]:
    """`text` as a server may have it that only ignores case, where its key is the same: composed or not, with `ss` for
    `ß`, with the sigma of the end of a word. What hardly anybody writes (ligatures, the long s) is left out."""
    exact = address(text)
    parts = _SPELT_ALIKE.split(exact)  # every second is one that may be written otherwise
    ways = [_WAYS.get(part, (part,)) if number % 2 else (part,) for number, part in enumerate(parts)]
    written = {"".join(way) for way in islice(product(*ways), _MOST_SPELLINGS)}
    written |= {exact, key(text)}
    return written | {unicodedata.normalize("NFD", one) for one in written}


def same(one: str | None, other: str | None) -> bool:
    """Whether two e-mails are those of one person."""
    return key(one or "") == key(other or "")


def forms(text: str) -> tuple[str, str]:
    """Key and address of `text`: one and the same string where it is ASCII."""
    if text.isascii():
        plain = _plain(text)
        return plain, plain
    return key(text), address(text)


def fault(text: str) -> str | None:
    """Why the trimmed `text` is no address that we understand, or None."""
    text = address(text)
    if not text:
        return "the e-mail is empty"
    if len(text) > _TOTAL_LIMIT:
        return f"the e-mail is longer than {_TOTAL_LIMIT} characters"
    if not _ADDRESS.fullmatch(text):
        return f"{visible(text, 80)!r} is not an e-mail address"
    if text.index("@") > _LOCAL_LIMIT:
        return f"the part before the @ of {visible(text, 80)!r} is longer than {_LOCAL_LIMIT} characters"
    return None


class Lookalikes:
    """The addresses that unreadable e-mails may stand for.

    `alice@@x.io`, `Alice <alice@x.io>` and `alice @x,io` are not understood, but whoever `alice@x.io` is,
    they are not absent from the source: their account must not be deleted. Addresses are compared by their
    letters and digits alone.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        """`texts`: the unreadable e-mails, as the source has them."""
        self._by_letters: dict[str, str] = {}
        for text in texts:
            for candidate in (text, *_inside(address(text))):
                if letters := _letters(key(candidate)):
                    self._by_letters[letters] = text

    def __bool__(self) -> bool:
        return bool(self._by_letters)

    def behind(self, address_key: str) -> str | None:
        """The unreadable text that may stand for `address_key`, or None."""
        return self._by_letters.get(_letters(address_key))


def matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """A test of address keys against globs (`*@x.io`), without regard to case."""
    expressions = [fnmatch.translate(key(pattern)) for pattern in patterns if pattern.strip()]
    if not expressions:
        return lambda _: False
    combined = re.compile("|".join(expressions))
    return lambda address_key: combined.match(address_key) is not None


def _plain(text: str) -> str:
    """ASCII, trimmed and in lower case. What is so already stays one object, which saves a million copies."""
    trimmed = text.strip()
    lowered = trimmed.lower()
    return trimmed if trimmed == lowered else lowered


def _inside(text: str) -> Iterator[str]:
    """What looks like an address around each @; the limits keep a text of megabytes from taking hours."""
    for at in re.finditer("@", text):
        domain = _AFTER_AT.match(text, at.end(), at.end() + _TOTAL_LIMIT)
        before = text[max(0, at.start() - _LOCAL_LIMIT) : at.start()]
        if domain:
            yield from (f"{local[0]}@{domain[0]}" for end in _BEFORE_AT if (local := end.search(before)))


def _letters(text: str) -> str:
    if text.isascii():
        return text.lower().encode().translate(None, _PUNCTUATION).decode()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())
