"""The accounts of a few people, found without reading the tenant: by e-mail, and by the key of the source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from client.auth0.errors import NotFound
from client.auth0.reader import Reader
from sync import address
from sync.desired import Desired
from sync.model import Account, Memberships, Person, Role

_MOST_LOOKS, _MOST_ACCOUNTS = (
    6,
    2,
)  # for one person; an e-mail that changes takes four looks, one that changes hands six

_LONGEST = 3_000  # characters; servers take URLs of some 8,000, and not every character is one there
_MANY = "the accounts hang together with several others, by e-mails or keys"
_SEARCHABLE = re.compile(r"[\w-]+")  # the names that need no escaping in a search, which is not documented for names


class TooManyTied(Exception):
    """One may as well read all of them. Says why."""


@dataclass(slots=True)
class Finder:
    """Follows people to their accounts, and accounts to those whose they may be.

    Whoever bears the key or the e-mail of somebody found belongs to the picture: the e-mail that a person has now may
    be another account's still. A look by e-mail shows what is; a search, which alone knows keys and ignores case,
    lags behind by seconds.
    """

    reader: Reader
    people: Desired
    fields: Sequence[str] = ()
    """What the profiles are to have."""
    accounts: dict[str, Account] = field(default_factory=dict)
    """What was found, by user id; also accounts whose primary identity is elsewhere."""
    about: set[str] = field(default_factory=set)
    """The address keys of all that were looked at."""
    roles: dict[str, list[Role]] = field(default_factory=dict)
    """All roles of each account, managed or not, by user id."""
    _looks: int = 0

    def find(self, named: Sequence[str]) -> None:
        """Find the accounts of whoever has one of these addresses, in the source or in the tenant.

        Raises `TooManyTied` and `Auth0Error`.
        """
        by_id = {person.source_id: person for person in self.people.people.values() if person.source_id}
        asked: set[tuple[str, str]] = set()
        emails, ids = set(map(address.address, named)), set[str]()
        while True:
            for person in [*self._people(emails), *(by_id[one] for one in ids if one in by_id)]:
                emails.add(person.email)
                ids |= {person.source_id} - {""}
            self.about |= set(map(address.key, emails))
            emails -= {email for email, _ in asked}
            ids = {one for one in ids & by_id.keys() if ("", one) not in asked}
            if not emails and not ids:
                return
            asked |= {(email, "") for email in emails} | {("", one) for one in ids}
            self._look(sorted(emails), sorted(ids), len(named))
            found = self.accounts.values()
            emails = {address.address(account.email) for account in found if account.email and self.is_ours(account)}
            ids = {account.marks.source_id for account in found if self.is_ours(account)}

    def is_ours(self, account: Account) -> bool:
        """Whether its primary identity is in the managed connection."""
        return account.connection == self.reader.connection().name

    def _people(self, emails: Iterable[str]) -> Iterator[Person]:
        for email in emails:
            if person := self.people.people.get(address.key(email)):
                yield person

    def _look(self, emails: Sequence[str], ids: Sequence[str], named: int) -> None:
        self._looks += len(emails) + 1
        if self._looks > _MOST_LOOKS * named:
            raise TooManyTied(_MANY)
        if ids and not _SEARCHABLE.fullmatch(self.reader.namespace):
            raise TooManyTied("no search takes the letters of SYNC_NAMESPACE")
        spelt = sorted({one for email in emails for one in address.spellings(email)})
        if sum(map(len, (*spelt, *ids))) > _LONGEST:
            raise TooManyTied("what is to be looked for is too long for one search")
        for account in self.reader.search_few(spelt, ids, self.fields):
            self.accounts.setdefault(account.user_id, account)  # what a look has shown is newer
        for email in emails:
            for account in self.reader.all_by_email(email, self.fields):
                self.accounts[account.user_id] = account
        if sum(map(self.is_ours, self.accounts.values())) > _MOST_ACCOUNTS * named:
            raise TooManyTied(_MANY)

    def memberships(self, roles: Iterable[Role]) -> Memberships:
        """Which of `roles` each of the accounts has. Forgets those that the search knew and that are gone."""
        role_ids = frozenset(role.id for role in roles)
        for account in list(filter(self.is_ours, self.accounts.values())):
            try:
                self.roles[account.user_id] = self.reader.roles_of(account.user_id)
            except NotFound:
                del self.accounts[account.user_id]
        return Memberships({user_id: role_ids & {role.id for role in has} for user_id, has in self.roles.items()})
