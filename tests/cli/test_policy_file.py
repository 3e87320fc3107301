"""The policy file of a server: taken at a start and at a reload; what cannot be trusted ends a start."""

from __future__ import annotations

from pathlib import Path

import pytest

from geooffer.cli.assembly import loopback_settings, running_service
from geooffer.cli.policy_file import take_policy_file
from geooffer.errors import ConfigurationError
from geooffer.rpc.policy_signing import policy_signer

COOLDOWN, LONGER = "cooldown_ms = 1800000", "cooldown_ms = 3600000"


async def test_a_server_keeps_its_policy_and_refuses_to_start_by_one_nobody_vouches_for(tmp_path: Path) -> None:
    state, file = tmp_path / "state", tmp_path / "policy.toml"
    kept = {"journal": "sqlite", "clock": "system", "state_dir": state}
    async with running_service(loopback_settings(**kept)) as service:
        text = service.engine.policy_document.text()
        assert service.engine.policy.version == 1
    signer = policy_signer(state, was_used=True)
    file.write_text(signer.seal(text.replace(COOLDOWN, LONGER)))
    async with running_service(loopback_settings(**kept, policy_file=file)) as service:
        assert (service.engine.policy.version, service.engine.policy.cooldown_ms) == (2, 3_600_000)
        service.control.policies.switch_offers(is_stopped=True, author="ops", reason="test")
        policies = service.control.policies
        assert take_policy_file(policies, file) == "unchanged"
        file.write_text(signer.seal(text))  # older than what is in force
        assert take_policy_file(policies, file) == "refused"
        assert take_policy_file(policies, tmp_path / "nowhere.toml") == "refused"
        assert policies.refused_file_count == 2
    async with running_service(loopback_settings(**kept, policy_file=file)) as service:
        policy = service.engine.policy
        assert (policy.version, policy.cooldown_ms, policy.offers_stopped) == (2, 3_600_000, 1)
    for broken in (text, signer.seal(text).replace(COOLDOWN, "cooldown_ms = 0"), "format = 1\n"):
        file.write_text(broken)
        with pytest.raises(ConfigurationError, match="policy"):
            async with running_service(loopback_settings(**kept, policy_file=file)):
                pass
    (state / "policy.key").unlink()
    with pytest.raises(ConfigurationError, match="is missing beside policies"):
        async with running_service(loopback_settings(**kept)):
            pass
