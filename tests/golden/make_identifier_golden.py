"""Writes tests/golden/identifiers.tsv: identifiers, and whether python-stdnum takes them for valid.

    pip install python-stdnum==1.20; python tests/golden/make_identifier_golden.py

Made from random numbers; none is anybody's on purpose, and half are spoilt by one digit.
"""

import pathlib
import random

import stdnum.iban
import stdnum.luhn
from stdnum.fr import nir, siren, siret, tva


def valid(check, value):
    try:
        check(value)
        return True
    except Exception:  # stdnum has one exception per cause
        return False


def with_luhn(digits):
    return digits + stdnum.luhn.calc_check_digit(digits)


def digits(count):
    return "".join(random.choice("0123456789") for _ in range(count))


def a_siren():
    return with_luhn("0000" + digits(4))


def an_iban():
    country, length = random.choice([("DE", 18), ("NL", 14), ("FR", 23), ("PT", 21)])
    if country == "FR":
        account = "00000" + digits(16)
        key = 97 - int(account + "00") % 97
        return with_check("FR", f"{account}{key:02d}")
    if country == "NL":
        return with_check("NL", "ZZZZ" + digits(10))
    bban = digits(length)
    return with_check(country, bban)


def with_check(country, bban):
    return country + stdnum.iban.calc_check_digits(country + "00" + bban) + bban


def a_nir():
    department = random.choice(["2A", "2B", f"{random.randint(1, 19):02d}", "75", "97", "99"])
    body = (random.choice("12") + digits(2) + f"{random.randint(1, 12):02d}" + department
            + digits(3) + "000")
    return body + nir.calc_check_digits(body)


def a_vat():
    number = a_siren()
    return f"FR{(12 + 3 * (int(number) % 97)) % 97:02d}{number}"


KINDS = {
    "iban": (an_iban, stdnum.iban.validate),
    "nir": (a_nir, nir.validate),
    "siren": (a_siren, siren.validate),
    "siret": (lambda: with_luhn(a_siren() + "000" + digits(1)), siret.validate),
    "vat": (a_vat, tva.validate),
}


def spoilt(value):
    at = random.choice([i for i, c in enumerate(value) if c.isdigit() and i > 1])
    other = random.choice([c for c in "0123456789" if c != value[at]])
    return value[:at] + other + value[at + 1:]


def main():
    random.seed(4)
    lines = []
    for kind, (make, check) in KINDS.items():
        for i in range(60):
            value = make() if i % 2 == 0 else spoilt(make())
            lines.append(f"{kind}\t{value}\t{int(valid(check, value))}\n")
    path = pathlib.Path(__file__).parent / "identifiers.tsv"
    path.write_text("".join(lines))


if __name__ == "__main__":
    main()
