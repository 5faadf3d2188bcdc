"""What an account gets when it is made, and what has to become of its e-mail, attributes and marks afterwards."""

from __future__ import annotations

from sync import address
from sync.model import Account, Edit, Person
from sync.policy import Policy
from sync.profile import differences


def first(person: Person, policy: Policy) -> tuple[Edit, ...]:
    """What a new account gets besides its e-mail."""
    values = {name: value for name, value in person.profile.items() if value is not None}
    if policy.email_verified is not None:
        values["email_verified"] = policy.email_verified
    marks = {"id": person.source_id, "owner": policy.owner, "invite": "pending" if policy.invites else ""}
    values |= {policy.mark(name): value for name, value in marks.items() if value}
    return tuple(Edit(name, None, value) for name, value in sorted(values.items()))


def due(account: Account, person: Person, policy: Policy) -> tuple[Edit, ...]:
    """What makes an account that is the person's agree with the source, by field."""
    edits = list(differences(person.profile, account.profile, person.email)) if policy.updates else []
    if address.address(account.email or "") != person.email:
        edits = [edit for edit in edits if edit.field != "email_verified"] + _new_email(account, person, policy)
    return tuple(sorted([*edits, *_marks(account, person, policy)], key=lambda edit: edit.field))


def _new_email(account: Account, person: Person, policy: Policy) -> list[Edit]:
    """Auth0 takes a new e-mail for one that is not verified, so what it is to be is said along with it."""
    verified = person.profile.get("email_verified") if policy.email_verified is None else policy.email_verified
    edits = [Edit("email", account.email, person.email)]
    if verified is not None:
        edits.append(Edit("email_verified", account.profile.get("email_verified"), verified))
    return edits


def _marks(account: Account, person: Person, policy: Policy) -> list[Edit]:
    marks, edits = account.marks, []
    if person.source_id and marks.source_id != person.source_id:
        edits.append(Edit(policy.mark("id"), marks.source_id or None, person.source_id))
    if policy.owner and not marks.owner:
        edits.append(Edit(policy.mark("owner"), None, policy.owner))
    if not account.blocked and person.active:  # if a run has blocked them, somebody else has let them in again
        if marks.blocked_at:
            edits.append(Edit(policy.mark("blocked_at"), marks.blocked_at, None))
        if marks.to_revoke:
            edits.append(Edit(policy.mark("revoke"), "pending", None))
    return edits
