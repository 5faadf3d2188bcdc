"""The accounts of a few people, found without reading the tenant: by e-mail, and by the key of the source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from client.auth0.errors import NotFound
from client.auth0.reader import Reader
from sync import address
from sync.desired import Desired
from sync.model import Account, Memberships, Person, Role

# For one person; an e-mail that changes takes four looks, one that changes hands six.
_MOST_LOOKS, _MOST_ACCOUNTS = 6, 2
_LONGEST = 6_000  # characters of a URL; servers take some 8,000
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
        by_id = self.people.by_id()
        asked_emails, asked_ids, searched = set[str](), set[str](), set[str]()
        emails, ids = set(map(address.address, named)), set[str]()
        while True:
            for person in [*self._people(emails), *(by_id[one] for one in ids if one in by_id)]:
                emails.add(person.email)
                ids |= {person.source_id} - {""}
            self.about |= set(map(address.key, emails))
            new_emails, new_ids = emails - asked_emails, (ids & by_id.keys()) - asked_ids
            if new_emails or new_ids:
                asked_emails |= new_emails
                asked_ids |= new_ids
                self._look(sorted(new_emails), sorted(new_ids), len(named))
            elif spelt := asked_emails - searched:
                searched |= spelt  # all at once, when no look leads any further
                self._search(sorted(spelt), len(named))
            else:
                return
            ours = list(filter(self.is_ours, self.accounts.values()))
            emails = {address.address(account.email) for account in ours if account.email}
            ids = {account.marks.source_id for account in ours}

    def is_ours(self, account: Account) -> bool:
        """Whether its primary identity is in the managed connection."""
        return account.connection == self.reader.connection().name

    def _people(self, emails: Iterable[str]) -> Iterator[Person]:
        for email in emails:
            if person := self.people.people.get(address.key(email)):
                yield person

    def _look(self, emails: Sequence[str], ids: Sequence[str], named: int) -> None:
        self._count(len(emails) + len(ids), named)
        if ids and not _SEARCHABLE.fullmatch(self.reader.namespace):
            raise TooManyTied("no search takes the letters of SYNC_NAMESPACE")
        for email in emails:
            for account in self.reader.all_by_email(email, self.fields):
                self.accounts[account.user_id] = account
        for one in ids:
            _check_length([one])
            self._enter(self.reader.search.bearing(one, self.fields), named)

    def _search(self, emails: Sequence[str], named: int) -> None:
        self._count(1, named)
        spelt = sorted({one for email in emails for one in address.spellings(email)})
        _check_length(spelt)
        self._enter(self.reader.search.spelt(spelt, self.fields), named)

    def _enter(self, found: Iterable[Account], named: int) -> None:
        """Take over what a search says, unless a look, which is newer, has shown something else."""
        for account in found:
            self.accounts.setdefault(account.user_id, account)
        if sum(map(self.is_ours, self.accounts.values())) > _MOST_ACCOUNTS * named:
            raise TooManyTied(_MANY)

    def _count(self, looks: int, named: int) -> None:
        self._looks += looks
        if self._looks > _MOST_LOOKS * named:
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


def _check_length(texts: Iterable[str]) -> None:
    if sum(len(quote(text, safe="")) for text in texts) > _LONGEST:
        raise TooManyTied("what is to be looked for is too long for one search")
