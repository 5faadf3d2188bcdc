"""Matching: where the keys of the source say otherwise than the e-mails. Renames in turn, or nobody is touched."""

from __future__ import annotations

from collections.abc import Callable

from sync.matching import Matching, match
from sync.model import Account, Marks, Person
from tests.sync.builders import CONNECTION

People = dict[str, str]
"""Name (of the e-mail) to key; empty for a person without."""


def account(number: str, name: str, key: str = "") -> Account:
    return Account(f"auth0|{number}", f"{name}@x.io", CONNECTION, marks=Marks(source_id=key))


def matched(
    people: People,
    *accounts: Account,
    held_ids: dict[str, str] | None = None,
    renames: bool = True,
    inactive: tuple[str, ...] = (),
    stays: Callable[[Account, Person], bool] = lambda _one, _person: False,
) -> Matching:
    known = {
        f"{name}@x.io": Person(f"{name}@x.io", frozenset(), key, active=name not in inactive)
        for name, key in people.items()
    }
    by_key = {str(one.email): one for one in accounts}
    return match(known, held_ids or {}, accounts, by_key, renames=renames, hindrance=lambda _one, _key: "", stays=stays)


def told(result: Matching) -> tuple[set[str], set[str]]:
    """Whose accounts and which people are in doubt, by number and by name."""
    accounts = {user_id.removeprefix("auth0|") for user_id in result.accounts}
    return accounts, {key.removesuffix("@x.io") for key in result.people}


def test_where_keys_and_e_mails_agree_there_is_nothing_to_say() -> None:
    result = matched({"ann": "1", "bob": ""}, account("a", "ann", "1"), account("b", "bob"), account("c", "cy", "9"))

    assert result == Matching()


def test_an_account_with_the_key_of_somebody_with_another_e_mail_is_theirs() -> None:
    result = matched({"new": "1"}, account("a", "old", "1"))

    assert (result.moved, result.turns) == ({"auth0|a": "new@x.io"}, {"auth0|a": 0})
    assert told(result) == (set(), set())


def test_a_chain_begins_with_the_one_whose_e_mail_is_free() -> None:
    result = matched(
        {"b": "1", "c": "2", "d": "3"}, account("a", "a", "1"), account("b", "b", "2"), account("c", "c", "3")
    )

    assert result.turns == {"auth0|c": 0, "auth0|b": 1, "auth0|a": 2}
    assert told(result) == (set(), set())


def test_a_circle_is_held_and_nobody_else_for_it() -> None:
    result = matched(
        {"b": "1", "a": "2", "c": "3"}, account("a", "a", "1"), account("b", "b", "2"), account("c", "d", "3")
    )

    assert told(result) == ({"a", "b"}, {"a", "b"})
    assert result.moved == {"auth0|c": "c@x.io"}
    assert "auth0|a and auth0|b would have to change their e-mails in a circle" in result.accounts["auth0|a"]


def test_an_e_mail_that_is_taken_holds_everybody_concerned() -> None:
    taken_without_key = matched({"b": "1"}, account("a", "a", "1"), account("b", "b"))
    taken_by_a_leaver = matched({"b": "1"}, account("a", "a", "1"), account("b", "b", "9"))
    behind_it = matched({"b": "1", "a": "2"}, account("a", "a", "1"), account("b", "b"), account("c", "c", "2"))

    assert told(taken_without_key) == told(taken_by_a_leaver) == ({"a", "b"}, {"b"})
    assert told(behind_it) == ({"a", "b", "c"}, {"a", "b"})
    assert "auth0|b has the new e-mail of auth0|a" in taken_without_key.accounts["auth0|a"]


def test_who_comes_for_an_e_mail_that_is_about_to_be_given_up_waits_for_the_next_run() -> None:
    with_a_key = matched({"b": "1", "a": "3"}, account("a", "a", "1"))
    without = matched({"b": "1", "a": ""}, account("a", "a", "1"))

    assert told(with_a_key) == told(without) == (set(), {"a"})
    assert with_a_key.moved == without.moved == {"auth0|a": "b@x.io"}


def test_two_accounts_with_one_key_are_held_with_their_person() -> None:
    result = matched({"ann": "1"}, account("a", "ann", "1"), account("b", "bob", "1"))

    assert told(result) == ({"a", "b"}, {"ann"})


def test_the_account_that_bears_the_key_of_a_held_row_is_held() -> None:
    result = matched({"bob": "2"}, account("a", "ann", "1"), account("b", "bob", "2"), held_ids={"1": "no e-mail"})

    assert result.accounts == {"auth0|a": "no e-mail"}


def test_where_e_mails_cannot_be_changed_who_has_another_is_held() -> None:
    result = matched({"new": "1", "bob": "2"}, account("a", "old", "1"), account("b", "bob", "2"), renames=False)

    assert told(result) == ({"a"}, {"new"})


def test_who_keeps_an_e_mail_all_the_same_holds_those_who_want_it_and_not_themselves() -> None:
    people = {"b": "1", "c": "2"}
    accounts = account("a", "a", "1"), account("b", "b", "2")

    protected = matched(people, *accounts, stays=lambda one, _person: one.user_id == "auth0|b")
    inactive = matched(people, *accounts, inactive=("c",), stays=lambda _one, person: not person.active)

    assert told(protected) == told(inactive) == ({"a"}, {"b"})


def test_who_is_not_active_is_let_go_under_the_old_e_mail_and_nobody_else_who_has_the_new_one() -> None:
    result = matched({"b": "1"}, account("a", "a", "1"), account("b", "b"), inactive=("b",))

    assert result.moved == {"auth0|a": "b@x.io"}
    assert told(result) == ({"b"}, set())


def test_without_keys_in_the_source_those_in_the_tenant_say_nothing() -> None:
    assert matched({"ann": "", "bob": ""}, account("a", "ann", "1"), account("b", "old", "2")) == Matching()
