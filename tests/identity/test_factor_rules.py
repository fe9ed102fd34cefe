"""Factors as rules, without servers."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pyotp
import pytest

from contracts.factors import Factor
from services.identity.domain.codes import CodeExhausted, CodeExpired, WrongCode
from services.identity.domain.factors import (
    STEP_SECONDS,
    DevicePolicy,
    FactorPolicy,
    Factors,
    LastFactor,
    NoSuchDevice,
    NoSuchFactor,
    Totp,
    TrustedDevice,
    TypedCode,
    recovery_key,
)
from services.identity.domain.sign_ins import FailurePolicy, Failures, Proofs, SentCode
from services.identity.gateways.hashing import Secrets
from services.identity.gateways.totp import TotpCodes
from tests.identity.samples import CODE, NOW, a_sign_in

POLICY = FactorPolicy(setup=timedelta(minutes=10), tries=2, recovery_codes=10)
DEVICES = DevicePolicy(lifetime=timedelta(days=30), most=2)
STEP = timedelta(seconds=STEP_SECONDS)
SENT = SentCode(id=uuid4(), code=replace(CODE, digest=b"d" * 32))
NOTHING = TypedCode(sent=b"?" * 32, step=None, recovery=b"?" * 32)


def some_factors(**changes: Any) -> Factors:
    return replace(Factors(id=uuid4(), totp=Totp("A" * 32, NOW, 100), recovery=(b"r" * 32, b"s" * 32)), **changes)


@pytest.mark.parametrize(("steps_off", "fits"), [(-2, 0), (-1, 1), (0, 1), (1, 1), (2, 0)])
def test_a_phones_clock_may_be_one_step_off(steps_off: int, fits: int) -> None:
    codes = TotpCodes(issuer="Медкабинет", window=1)
    secret = codes.new_secret()
    shown = pyotp.TOTP(secret).at(NOW + steps_off * STEP)
    expected = int(NOW.timestamp()) // STEP_SECONDS + steps_off if fits else None
    assert codes.step(secret, f" {shown} ", NOW) == expected
    assert codes.step(None, shown, NOW) is None


@pytest.mark.parametrize("text", ["", "12345", "1234567", "абвгде", "\ud800", "０１２３４５"])
def test_whatever_is_typed_is_a_wrong_code_and_no_error(text: str) -> None:
    codes = TotpCodes(issuer="Медкабинет", window=1)
    assert codes.step(codes.new_secret(), text, NOW) is None


def test_the_uri_says_what_an_app_needs() -> None:
    codes = TotpCodes(issuer="Медкабинет", window=1)
    secret = codes.new_secret()
    parsed = pyotp.parse_uri(codes.uri(secret, "0a1b2c3d"))
    assert (parsed.secret, parsed.issuer, parsed.name) == (secret, "Медкабинет", "0a1b2c3d")


def test_a_secret_counts_once_a_code_proved_it_and_not_after_its_time_or_tries() -> None:
    begun = Factors(id=uuid4()).beginning_totp("A" * 32, NOW, POLICY)
    assert begun.strong == frozenset()
    confirmed, refused = begun.confirming_totp(7, NOW)
    assert refused is None
    assert (confirmed.totp, confirmed.pending) == (Totp("A" * 32, NOW, 7), None)
    assert confirmed.strong == {Factor.TOTP}
    assert isinstance(begun.confirming_totp(7, NOW + POLICY.setup)[1], CodeExpired)
    assert isinstance(confirmed.confirming_totp(8, NOW)[1], CodeExpired)
    tried = begun
    for left in (1, 0):
        tried, refused = tried.confirming_totp(None, NOW)
        assert isinstance(refused, WrongCode)
        assert refused.extra["tries_left"] == left
    assert isinstance(tried.confirming_totp(7, NOW)[1], CodeExhausted)


def test_a_step_counts_once_and_no_earlier_one_after_it() -> None:
    factors = some_factors()
    for step, proved in ((100, None), (99, None), (102, Factor.TOTP), (102, None), (101, None), (103, Factor.TOTP)):
        factors, found = factors.proved(TypedCode(sent=b"", step=step, recovery=b"?"), is_staff=True)
        assert found is proved


def test_a_recovery_code_counts_once_and_never_for_staff() -> None:
    typed = TypedCode(sent=b"", step=None, recovery=b"r" * 32)
    assert some_factors().proved(typed, is_staff=True)[1] is None
    factors, found = some_factors().proved(typed, is_staff=False)
    assert (found, factors.recovery) == (Factor.RECOVERY_CODE, (b"s" * 32,))
    assert factors.proved(typed, is_staff=False) == (factors, None)


def test_a_recovery_code_is_read_however_it_is_typed() -> None:
    code = Secrets("pepper").recovery_code()
    assert len(code) == 11
    assert recovery_key(f" {code.lower().replace('-', ' – ')} ") == recovery_key(code) == code.replace("-", "")


def test_staff_keep_a_strong_factor_and_others_need_none() -> None:
    with pytest.raises(LastFactor):
        some_factors().without_totp(is_staff=True)
    assert some_factors(passkeys=1).without_totp(is_staff=True).strong == {Factor.PASSKEY}
    assert some_factors().without_totp(is_staff=False).strong == frozenset()
    with pytest.raises(NoSuchFactor):
        Factors(id=uuid4()).without_totp(is_staff=False)


def test_who_is_sent_a_code_and_whose_counts() -> None:
    nothing, app, passkey = Factors(id=uuid4()), some_factors(), some_factors(totp=None, passkeys=1)
    sent = [(factors.is_sent_sms(is_staff=True), factors.is_sent_sms(is_staff=False)) for factors in (nothing, app, passkey)]
    taken = [(factors.takes_sms(is_staff=True), factors.takes_sms(is_staff=False)) for factors in (nothing, app, passkey)]
    assert sent == [(True, True), (False, False), (False, True)]
    assert taken == [(True, True), (False, True), (False, True)]


def test_tries_of_a_sign_in_are_spent_by_codes_of_every_kind() -> None:
    sign_in, proofs = a_sign_in(), Proofs(SENT, some_factors())
    for left in (4, 3, 2, 1, 0):
        tried = sign_in.tried(NOTHING, proofs, NOW)
        sign_in, proofs = tried.sign_in, tried.proofs
        assert tried.refused is not None
        assert tried.refused.extra == {"tries_left": left}
    right = TypedCode(sent=SENT.code.digest, step=101, recovery=b"r" * 32)
    tried = sign_in.tried(right, proofs, NOW)
    assert (tried.proved, tried.proofs) == (None, proofs)


def test_a_code_by_sms_does_not_count_for_staff_with_an_app() -> None:
    typed = TypedCode(sent=SENT.code.digest, step=None, recovery=b"?")
    staff, other = [a_sign_in(is_staff=is_staff).tried(typed, Proofs(SENT, some_factors()), NOW) for is_staff in (True, False)]
    assert (staff.proved, other.proved) == (None, Factor.SMS)
    assert staff.refused is not None
    assert other.refused is None


def test_nothing_is_accepted_of_a_barred_sign_in() -> None:
    right, proofs = TypedCode(sent=SENT.code.digest, step=101, recovery=b"r" * 32), Proofs(SENT, some_factors())
    barred = a_sign_in().tried(right, proofs, NOW, is_barred=True)
    assert (barred.proved, barred.proofs) == (None, proofs)
    assert barred.refused is not None


def test_a_sign_in_is_barred_by_what_came_after_it_and_not_by_itself() -> None:
    window = timedelta(minutes=15)
    policy = FailurePolicy(window=window, slow_from=5, slow=timedelta(seconds=10), lock_from=2, lock=window)
    own = Failures(key=b"k").begun(NOW, policy).begun(NOW, policy)
    assert own.is_locked(NOW)
    assert not own.is_locked_since(NOW, NOW, policy)
    later = NOW + timedelta(seconds=1)
    assert own.begun(later, policy).is_locked_since(NOW, later, policy)
    assert not own.begun(later, policy).is_locked_since(NOW, later + window, policy)


def a_device(trusted_at: datetime = NOW) -> TrustedDevice:
    return TrustedDevice(id=uuid4(), digest=uuid4().bytes, trusted_at=trusted_at, expires_at=trusted_at + DEVICES.lifetime)


def test_a_device_is_trusted_for_its_time_and_by_its_own_token() -> None:
    device = a_device()
    factors = some_factors().trusting(device, DEVICES)
    assert factors.trusts(device.digest, NOW + DEVICES.lifetime - timedelta(seconds=1))
    assert not factors.trusts(device.digest, NOW + DEVICES.lifetime)
    assert not factors.trusts(b"?", NOW)
    assert not factors.without_devices().trusts(device.digest, NOW)
    assert factors.without_device(device.id).devices == ()
    with pytest.raises(NoSuchDevice):
        factors.without_device(uuid4())


def test_of_too_many_devices_the_oldest_is_forgotten_and_those_over_do_not_count() -> None:
    first, second, third = a_device(), a_device(), a_device()
    factors = some_factors()
    for device in (first, second, third):
        factors = factors.trusting(device, DEVICES)
    assert factors.devices == (second, third)
    late = a_device(NOW + DEVICES.lifetime)
    assert factors.trusting(late, DEVICES).devices == (late,)
