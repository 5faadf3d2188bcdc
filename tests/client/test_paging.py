"""Lists in pages: complete or an error."""

from __future__ import annotations

from typing import Any

import pytest

from client.auth0.errors import Malformed
from client.auth0.paging import ListChanged, checkpointed, numbered

HUNDRED = [{"id": str(number)} for number in range(100)]


class Pages:
    """Hands out these pages, one a request, and keeps what was asked."""

    def __init__(self, *pages: object) -> None:
        self.pages = list(pages)
        self.asked: list[dict[str, Any]] = []

    def __call__(self, _template: str, *, params: dict[str, Any], **_ids: str) -> object:
        self.asked.append(dict(params))
        return self.pages.pop(0)


def page(records: object, total: object) -> dict[str, object]:
    return {"roles": records, "total": total}


def ids_of(pages: Pages) -> list[str]:
    return [record["id"] for records, _ in numbered(pages, "/roles", "roles") for record in records]


def members_of(pages: Pages) -> list[str]:
    return [record["id"] for records in checkpointed(pages, "/roles/{id}/users", "users", id="r") for record in records]


@pytest.mark.parametrize(
    ("pages", "how_many"),
    [
        ([page([], 0)], 0),
        ([page(HUNDRED[:1], 1)], 1),
        ([page(HUNDRED, 100)], 100),
        ([page(HUNDRED, 101), page(HUNDRED[:1], 101)], 101),
    ],
)
def test_a_numbered_list_is_read_to_its_total_and_no_further(pages: list[object], how_many: int) -> None:
    source = Pages(*pages)

    found = ids_of(source)

    assert len(found) == how_many
    assert [asked["page"] for asked in source.asked] == list(range(len(pages)))
    assert all(asked["per_page"] == 100 and asked["include_totals"] == "true" for asked in source.asked)


@pytest.mark.parametrize(
    "pages",
    [
        [page(HUNDRED[:50], 100)],
        [page([], 3)],
        [page(HUNDRED, 200), page(HUNDRED[:99], 200)],
        [page(HUNDRED, 200), page([], 200)],
    ],
)
def test_a_numbered_list_that_ends_early_is_an_error(pages: list[object]) -> None:
    with pytest.raises(Malformed, match=r"the list ended after .*; a list that is not complete is not used"):
        ids_of(Pages(*pages))


@pytest.mark.parametrize("after", [149, 151])
def test_a_numbered_list_whose_total_moves_is_an_error(after: int) -> None:
    with pytest.raises(ListChanged, match="the list changed while it was read"):
        ids_of(Pages(page(HUNDRED, 150), page(HUNDRED[: after - 100], after)))


@pytest.mark.parametrize(
    "answer",
    [None, [], "roles", {}, {"roles": None, "total": 0}, {"roles": {}, "total": 0}, {"roles": [1], "total": 1}],
)
def test_an_answer_without_a_list_of_records_is_an_error(answer: object) -> None:
    with pytest.raises(Malformed, match="the answer has no list of roles"):
        ids_of(Pages(answer))


@pytest.mark.parametrize("total", [None, "0", 0.0])
def test_an_answer_without_a_total_is_an_error(total: object) -> None:
    with pytest.raises(Malformed, match="the answer states no total"):
        ids_of(Pages(page([], total)))


def test_a_checkpoint_list_is_followed_to_its_end() -> None:
    source = Pages({"users": HUNDRED, "next": "a"}, {"users": HUNDRED, "next": "b"}, {"users": HUNDRED[:3]})

    found = members_of(source)

    assert len(found) == 203
    assert source.asked == [{"take": 100}, {"take": 100, "from": "a"}, {"take": 100, "from": "b"}]


def test_a_checkpoint_list_may_end_in_an_empty_page() -> None:
    found = members_of(Pages({"users": HUNDRED, "next": "a"}, {"users": []}))

    assert len(found) == 100


def test_a_checkpoint_list_may_have_an_empty_page_in_the_middle() -> None:
    pages = Pages({"users": HUNDRED, "next": "a"}, {"users": [], "next": "b"}, {"users": HUNDRED[:1]})

    assert len(members_of(pages)) == 101


@pytest.mark.parametrize(
    "pages",
    [
        [{"users": HUNDRED, "next": "a"}, {"users": HUNDRED, "next": "a"}],
        [{"users": HUNDRED, "next": "a"}, {"users": [], "next": "a"}],
        [{"users": HUNDRED, "next": "a"}, {"users": HUNDRED, "next": "b"}, {"users": HUNDRED, "next": "a"}],
    ],
)
def test_a_checkpoint_list_that_turns_in_a_circle_is_an_error(pages: list[object]) -> None:
    with pytest.raises(Malformed, match="the list turns in a circle"):
        members_of(Pages(*pages))


@pytest.mark.parametrize("answer", [None, [], {"next": "a"}, {"users": "none"}, {"users": ["auth0|1"]}])
def test_a_checkpoint_answer_without_a_list_is_an_error(answer: object) -> None:
    with pytest.raises(Malformed, match="the answer has no list of users"):
        members_of(Pages(answer))
