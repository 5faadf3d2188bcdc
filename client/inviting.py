"""Inviting: people who have just got an account learn how to set a password. At least once, and not twice if we can."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from client.auth0.reader import Reader
from client.auth0.writer import Writer
from client.breaker import DONE, Tried
from client.creating import Creator
from client.lines import Lines
from sync.model import Change, Status


@dataclass(frozen=True, slots=True)
class Inviter:
    """Carries out invitations. A mark in each new account says that its person is yet to be invited."""

    reader: Reader
    writer: Writer
    mode: Literal["none", "email", "ticket"]
    client_id: str
    """The application that the mail or the link is for."""
    links: Lines
    """Where links go: secrets for the operator's own mailer."""

    @property
    def makes_links(self) -> bool:
        """Whether there is something to be written down."""
        return self.mode == "ticket"

    def invite(self, change: Change, creator: Creator) -> Tried:
        """Invite one person, and take the mark away. Raises `Auth0Error` and `Unwritable`."""
        if change.email in creator.adopted:
            return Tried(Status.DONE, "not invited: the account existed already")
        user_id = change.user_id or creator.user_ids.get(change.email)
        if user_id is None:
            return Tried(Status.SKIPPED, "the account was not created")
        if change.user_id is None:
            app_metadata = creator.metadata_of(change.email)
        else:
            account, record = self.reader.account(user_id)
            app_metadata = record.get("app_metadata")
            if not account.marks.to_invite:
                return Tried(Status.DONE, "invited already")
        if self.makes_links:
            link = self.writer.ticket(user_id, self.client_id)
            self.links.append(json.dumps({"email": change.email, "user_id": user_id, "link": link}))
        else:
            self.writer.mail_invitation(change.email, self.client_id)
        self.writer.invited(user_id, app_metadata)
        return DONE
