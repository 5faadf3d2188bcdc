"""Switches for what the public documents leave open or contradict each other about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How this sandbox answers where Auth0's own documents are silent, or say two things.

    Seconds are wall-clock seconds of the sandbox's clock. The defaults are the harsher reading, except
    that nothing lags: lag makes a test slow or wrong unless the test is about lag.
    """

    search_lag_seconds: float = 0.0
    """GET /users reads an index that trails the accounts by this much."""
    members_lag_seconds: float = 0.0
    """GET /roles/{id}/users trails the assignments by this much."""
    export_lag_seconds: float = 0.0
    """An export holds the accounts as they were this long before the job was created."""
    export_seconds: float = 0.2
    """How long an export job is pending."""
    import_seconds: float = 0.2
    """How long an import job is pending; its rows are applied when it completes."""
    export_link_seconds: float = 60.0
    """How long a download link is good for; reading the job again gives a fresh one."""
    export_compressed: bool = True
    """Gzip, as Auth0 does; False gives the plain lines."""
    export_host_other: bool = True
    """The download is on another port than the API, so 'another host' to a client."""
    search_total_capped: bool = False
    """`total` of GET /users never exceeds 1000."""
    paging_cap: bool = True
    """Offset paging ends at 1000 records. False is for benchmarks alone."""
    retry_after_on_429: bool = False
    """A 429 carries `retry-after` besides the x-ratelimit headers."""
    require_role_member_scopes: bool = True
    """Role assignments need every scope that the OpenAPI security list names; False takes its 403 text."""
    self_service_roles_group: Literal["other", "users"] = "other"
    """Which self-service bucket /users/{id}/roles draws from."""
    patch_email_conflict_status: Literal[400, 409] = 400
    """PATCH /users/{id} with an e-mail, a username or a phone number that is taken."""
    usernames_lower_case: bool = True
    """Usernames are stored in lower case and unique without regard to it; False: both as they are sent."""
    phone_numbers_unique: bool = True
    """POST and PATCH refuse a phone number that another account of the connection has, as imports do."""
    metadata_null: Literal["removes", "stays"] = "removes"
    """What PATCH makes of a metadata key that is null: it goes, or it is stored as null."""
    unknown_role_status: Literal[400, 404] = 404
    """POST /users/{id}/roles with a well-formed role id that does not exist."""
    role_limit_status: Literal[400, 409] = 400
    """POST /users/{id}/roles beyond 50 roles."""
    role_names_case_sensitive: bool = True
    """`Admin` and `admin` are two roles; False: the second name is taken."""
    export_has_linked: bool = True
    """An export of a connection lists accounts, too, whose primary identity is in another."""
    reset_mail_unknown_status: Literal[200, 404] = 200
    """POST /dbconnections/change_password for an e-mail that nobody has."""
    reset_mail_429_headers: Literal["x-ratelimit", "retry-after"] = "x-ratelimit"
    """How a 429 of POST /dbconnections/change_password tells when to come again."""
    next_on_full_last_page: bool = True
    """A checkpoint page that is exactly full has `next` even when nothing follows."""
    unknown_keys: bool = False
    """Every JSON object in an answer carries a key that no document mentions."""
