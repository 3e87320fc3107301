"""Key files of the domains: made once, mode 0600, and refused where they are readable, short, guessable or shared."""

from __future__ import annotations

import stat

import pytest

from geooffer.errors import ConfigurationError
from geooffer.model.pseudonyms import Domain
from geooffer.rpc.domain_keys import domain_key, domain_key_path


def test_each_domain_has_a_file_of_its_own_made_once(tmp_path):
    held = {domain: domain_key(tmp_path, domain) for domain in Domain}
    assert len(set(held.values())) == len(Domain)
    assert all(len(key) == 32 for key in held.values())
    for domain, key in held.items():
        path = domain_key_path(tmp_path, domain)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_bytes() == key == domain_key(tmp_path, domain)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path, mode):
    domain_key(tmp_path, Domain.AUDIT)
    domain_key_path(tmp_path, Domain.AUDIT).chmod(mode)
    with pytest.raises(ConfigurationError, match="0600"):
        domain_key(tmp_path, Domain.AUDIT)


@pytest.mark.parametrize(
    "secret", [b"", b"short", bytes(32), b"changeme" * 4, b"0123456789abcdef" * 2, b"x" * 31, bytes(range(33))]
)
def test_a_default_or_short_secret_is_refused(tmp_path, secret):
    path = domain_key_path(tmp_path, Domain.ENGINE)
    path.write_bytes(secret)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError) as caught:
        domain_key(tmp_path, Domain.ENGINE)
    assert path.name in caught.value.message


def test_two_domains_never_share_a_key(tmp_path):
    first, second = (domain_key_path(tmp_path, domain) for domain in (Domain.ENGINE, Domain.AUDIT))
    domain_key(tmp_path, Domain.ENGINE)
    second.write_bytes(first.read_bytes())
    second.chmod(0o600)
    with pytest.raises(ConfigurationError, match="a key of its own"):
        domain_key(tmp_path, Domain.AUDIT)
