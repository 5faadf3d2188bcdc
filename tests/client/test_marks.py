"""Our marks in app_metadata: read whatever somebody else has put there, and written without losing theirs."""

from __future__ import annotations

from typing import Any

import pytest

from client.auth0 import marks, patches
from sync.model import NO_MARKS, Edit, Marks

SYNC: dict[str, Any] = {
    "id": "007", "owner": "hr", "blocked_at": "2026-01-02", "invite": "pending", "revoke": "pending", "theirs": [1],
}  # fmt: skip
ID, OWNER, INVITE = "app_metadata.sync.id", "app_metadata.sync.owner", "app_metadata.sync.invite"


def test_all_marks_are_read_under_the_name_of_the_job_alone() -> None:
    metadata = {"sync": SYNC, "other": {"id": "8", "owner": "sales"}, "id": "9"}

    assert marks.read(metadata, "sync") == Marks("007", "hr", "2026-01-02", to_invite=True, to_revoke=True)
    assert marks.read(metadata, "other") == Marks("8", "sales")
    assert marks.read(metadata, "none") is NO_MARKS


@pytest.mark.parametrize("metadata", [None, "text", 7, [], {}, {"sync": None}, {"sync": "x"}, {"sync": []}])
def test_what_is_no_mark_is_none(metadata: object) -> None:
    assert marks.read(metadata, "sync") is NO_MARKS
    assert marks.changed(metadata, "sync", {"id": "1"}) == {"sync": {"id": "1"}}


@pytest.mark.parametrize("said", ["done", "PENDING", "", None, True, 1])
def test_only_what_is_pending_is_to_be_done(said: object) -> None:
    found = marks.read({"sync": {"invite": said, "revoke": said}}, "sync")

    assert (found.to_invite, found.to_revoke) == (False, False)


@pytest.mark.parametrize(("said", "read"), [("7", "7"), (7, "7"), (" 7 ", " 7 "), (0, "0"), (None, ""), ("", "")])
def test_a_key_is_text_to_the_letter_even_if_somebody_has_written_a_number(said: object, read: str) -> None:
    assert marks.read({"sync": {"id": said}}, "sync").source_id == read


def test_what_is_changed_is_sent_with_all_that_stays() -> None:
    metadata = {"sync": SYNC, "plan": "gold"}

    changed = marks.changed(metadata, "sync", {"owner": "it", "invite": None, "nothing": None})

    assert changed == {"sync": {**{name: SYNC[name] for name in SYNC if name != "invite"}, "owner": "it"}}
    assert metadata["sync"] is SYNC  # nothing of the record itself was changed
    assert SYNC["owner"] == "hr"


def test_a_block_and_its_end_bear_the_marks_that_belong_to_them() -> None:
    revoking = marks.changed({}, "sync", marks.blocked("2026-01-02", revoke=True))
    plain = marks.changed(revoking, "sync", marks.blocked("2026-01-03", revoke=False))

    assert revoking == {"sync": {"blocked_at": "2026-01-02", "revoke": "pending"}}
    assert plain == {"sync": {"blocked_at": "2026-01-03"}}
    assert marks.changed({"sync": SYNC}, "sync", marks.UNBLOCKED)["sync"].keys() == SYNC.keys() - {
        "blocked_at", "revoke",
    }  # fmt: skip
    assert marks.changed({"sync": SYNC}, "sync", {"revoke": None})["sync"].keys() == SYNC.keys() - {"revoke"}
    assert marks.changed({"sync": SYNC}, "sync", marks.INVITED)["sync"].keys() == SYNC.keys() - {"invite"}


def edit(field: str, new: object) -> Edit:
    return Edit(field, None, new)


def test_any_mix_of_fields_is_one_body() -> None:
    edits = [edit("name", "Ann"), edit("nickname", None), edit("username", "ann"), edit("app_metadata.team", "red")]
    edits += [edit("app_metadata.level", 3), edit("user_metadata.tea", None)]

    assert patches.bodies(edits, None, "sync") == [
        {"name": "Ann", "nickname": None, "username": "ann", "app_metadata": {"team": "red", "level": 3},
         "user_metadata": {"tea": None}}
    ]  # fmt: skip


def test_a_username_goes_apart_from_an_email_and_comes_after_it() -> None:
    edits = [edit("username", "ann"), edit("email", "ann@x.io"), edit("email_verified", new=True), edit("name", "Ann")]

    assert patches.bodies(edits, None, "sync") == [
        {"email": "ann@x.io", "email_verified": True, "name": "Ann", "verify_email": False},
        {"username": "ann"},
    ]
    assert len(patches.bodies(edits[:1] + edits[2:3], None, "sync")) == 2  # email_verified alone is the same
    assert patches.bodies(edits[1:2], None, "sync") == [{"email": "ann@x.io", "verify_email": False}]


def test_marks_are_sent_with_those_that_the_account_has_and_further_metadata_beside_them() -> None:
    has = {"sync": SYNC, "plan": "gold"}
    edits = [edit(OWNER, "it"), edit(INVITE, None), edit("app_metadata.team", "red")]

    (body,) = patches.bodies(edits, has, "sync")

    assert body["app_metadata"].keys() == {"sync", "team"}
    assert body["app_metadata"]["sync"] == marks.changed(has, "sync", {"owner": "it", "invite": None})["sync"]


def test_the_email_and_our_marks_tell_who_is_who_and_nothing_else_does() -> None:
    assert patches.touches_identity([edit("name", "x"), edit("email", "x@x.io")], "sync")
    assert patches.touches_identity([edit(ID, "x")], "sync")
    for field in ("email_verified", "app_metadata.team", "app_metadata.other.id", "app_metadata.synchronous", "name"):
        assert not patches.touches_identity([edit(field, "x")], "sync")
