"""Names of people from many places, each with the spelling that an e-mail address would have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

GIVEN = (
    ("Amara", "amara"),
    ("Aylin", "aylin"),
    ("Björn", "bjorn"),
    ("Chiara", "chiara"),
    ("Chidi", "chidi"),
    ("Ewa", "ewa"),
    ("Fatima", "fatima"),
    ("François", "francois"),
    ("Giulia", "giulia"),
    ("Hiroshi", "hiroshi"),
    ("Ingrid", "ingrid"),
    ("Jamal", "jamal"),
    ("José", "jose"),
    ("Kateryna", "kateryna"),
    ("Keiko", "keiko"),
    ("Liam", "liam"),
    ("Linh", "linh"),
    ("Łukasz", "lukasz"),
    ("Mei", "mei"),
    ("Mateo", "mateo"),
    ("Nia", "nia"),
    ("Noor", "noor"),
    ("Olena", "olena"),
    ("Priya", "priya"),
    ("Rania", "rania"),
    ("Rajesh", "rajesh"),
    ("Saoirse", "saoirse"),
    ("Sofía", "sofia"),
    ("Tariq", "tariq"),
    ("Thabo", "thabo"),
    ("Tomáš", "tomas"),
    ("Wanjiru", "wanjiru"),
    ("Xiaoming", "xiaoming"),
    ("Yael", "yael"),
    ("Zoë", "zoe"),
)
FAMILY = (
    ("Abebe", "abebe"),
    ("Andersson", "andersson"),
    ("Bianchi", "bianchi"),
    ("Chen", "chen"),
    ("Cohen", "cohen"),
    ("Diallo", "diallo"),
    ("Dlamini", "dlamini"),
    ("Fernández", "fernandez"),
    ("Gonçalves", "goncalves"),
    ("Haddad", "haddad"),
    ("Ivanova", "ivanova"),
    ("Jansen", "jansen"),
    ("Kaya", "kaya"),
    ("Kim", "kim"),
    ("Kowalska", "kowalska"),
    ("Lefèvre", "lefevre"),
    ("Müller", "mueller"),
    ("Murphy", "murphy"),
    ("Nguyễn", "nguyen"),
    ("Novák", "novak"),
    ("O'Brien", "obrien"),
    ("Okafor", "okafor"),
    ("Papadopoulos", "papadopoulos"),
    ("Patel", "patel"),
    ("Petrenko", "petrenko"),
    ("Rahman", "rahman"),
    ("Rossi", "rossi"),
    ("Santos", "santos"),
    ("Sato", "sato"),
    ("Sharma", "sharma"),
    ("Silva", "silva"),
    ("Smith", "smith"),
    ("Takahashi", "takahashi"),
    ("van Dijk", "vandijk"),
    ("Yılmaz", "yilmaz"),  # noqa: RUF001  (that is how it is written)
)
DOMAINS = ("example.com", "example.org", "example.net")


def name_and_email(chance: random.Random, taken: set[str]) -> tuple[str, str, str]:
    """A given name, a family name, and an e-mail address that is not in `taken` yet and now is."""
    given, given_plain = chance.choice(GIVEN)
    family, family_plain = chance.choice(FAMILY)
    domain = chance.choice(DOMAINS)
    email = f"{given_plain}.{family_plain}@{domain}"
    number = 1
    while email in taken:
        number += 1
        email = f"{given_plain}.{family_plain}{number}@{domain}"
    taken.add(email)
    return given, family, email
