"""Policies over the wire: what applies, what waits, who may; the kill switch; the file (A3)."""

from __future__ import annotations

import grpc
import numpy as np
import pytest
from shop import DEVICE_KEY, LATITUDE_E7, LONGITUDE_E7, NOW_MS, bring_the_customer, stock_the_shop
from wire import refused

from geooffer.errors import ConfigurationError, InvalidArgumentError
from geooffer.model.columns import PING
from geooffer.model.limits import POLICY_WAITING_COUNT_MAX
from geooffer.model.policy_document import PolicyDocument
from geooffer.model.policy_text import parse_policy
from geooffer.rpc import roles
from geooffer.rpc.policy_signing import PolicySigner, policy_signer, sha256_of, without_seal
from geooffer.services.policies import Policies
from geooffer.v1 import decision_service_pb2 as decisions
from geooffer.v1 import policy_service_pb2 as pb
from geooffer.v1.policy_service_pb2_grpc import PolicyServiceStub

COOLDOWN = "cooldown_ms = 1800000"


@pytest.fixture
async def officers(plane):
    """(stub, credentials by subject); the first policy is in force."""
    plane.control.policies.start()
    return PolicyServiceStub(plane.anonymous), lambda subject: plane.metadata(roles.PRIVACY_OFFICER, subject)


async def text_of(stub, who) -> str:
    return (await stub.GetPolicy(pb.GetPolicyRequest(), metadata=who("anna"))).policy.text


async def proposed(stub, who, text: str, subject: str = "anna", **more):
    return await stub.ProposePolicy(pb.ProposePolicyRequest(text=text, **more), metadata=who(subject))


async def test_a_tightening_is_in_force_signed_when_the_call_returns(plane, officers) -> None:
    stub, who = officers
    answer = await proposed(stub, who, (await text_of(stub, who)).replace(COOLDOWN, "cooldown_ms = 3600000"))
    policy = answer.policy
    assert (policy.version, policy.state, policy.author) == (2, pb.POLICY_STATE_IN_FORCE, "anna")
    assert [(change.field, change.is_tightening) for change in answer.changes] == [("offers.cooldown_ms", True)]
    assert policy.sha256 == sha256_of(policy.text)
    assert len(policy.signature) == 64
    assert plane.engine.policy.cooldown_ms == 3_600_000
    listed = await stub.ListPolicies(pb.ListPoliciesRequest(), metadata=who("anna"))
    assert [(item.version, item.state) for item in listed.policies] == [(2, 2), (1, 3)]


async def test_a_loosening_needs_a_reason_and_somebody_else(plane, officers) -> None:
    stub, who = officers
    text = (await text_of(stub, who)).replace(COOLDOWN, "cooldown_ms = 0").replace("first start: the defaults", "")
    await refused(proposed(stub, who, text), "INVALID_ARGUMENT")
    compared = await proposed(stub, who, text, validate_only=True)
    assert (compared.is_loosening, compared.approvals_needed, compared.HasField("policy")) == (True, 1, False)
    answer = await proposed(stub, who, text, reason="more offers")
    assert (answer.policy.state, answer.approvals_needed) == (pb.POLICY_STATE_WAITING, 1)
    request = pb.ApprovePolicyRequest(version=answer.policy.version)
    await refused(stub.ApprovePolicy(request, metadata=who("anna")), "PERMISSION_DENIED")
    approved = await stub.ApprovePolicy(request, metadata=who("bert"))
    assert (approved.policy.state, approved.approvals_missing) == (pb.POLICY_STATE_IN_FORCE, 0)
    assert [approval.officer for approval in approved.policy.approvals] == ["bert"]
    assert plane.engine.policy.cooldown_ms == 0
    back = await stub.RollbackPolicy(pb.RollbackPolicyRequest(version=1, reason="no"), metadata=who("anna"))
    assert (back.policy.restores_version, back.approvals_needed, plane.engine.policy.cooldown_ms) == (1, 0, 1_800_000)


async def test_an_operator_may_read_and_stop_and_no_more(plane, officers) -> None:
    stub, who = officers
    operator = plane.metadata(roles.OPERATOR)
    await stub.SetKillSwitch(pb.SetKillSwitchRequest(is_stopped=True, reason="wrong prices"), metadata=operator)
    told = await stub.GetPolicy(pb.GetPolicyRequest(), metadata=operator)
    assert (told.kill_switch.is_stopped, told.kill_switch.reason) == (True, "wrong prices")
    await refused(
        stub.ProposePolicy(pb.ProposePolicyRequest(text=told.policy.text), metadata=operator), "PERMISSION_DENIED"
    )
    resumed = pb.SetKillSwitchRequest(is_stopped=False, reason="prices put right")
    await refused(stub.SetKillSwitch(resumed, metadata=operator), "PERMISSION_DENIED")
    assert plane.engine.policy.offers_stopped == 1
    await refused(
        stub.SetKillSwitch(pb.SetKillSwitchRequest(is_stopped=False), metadata=who("anna")), "INVALID_ARGUMENT"
    )
    await stub.SetKillSwitch(resumed, metadata=who("anna"))
    assert plane.engine.policy.offers_stopped == 0


async def test_a_call_sent_again_has_its_effect_once(plane, officers) -> None:
    """Wire-api: request_id. Without it a proposal sent again would wait twice, an approval look refused."""
    stub, who = officers
    looser = (await text_of(stub, who)).replace(COOLDOWN, "cooldown_ms = 0")
    versions = plane.engine.state.policies.versions
    told = [await proposed(stub, who, looser, reason="more", request_id="p") for _ in range(2)]
    assert (told[0], told[0].policy.version, len(versions)) == (told[1], 2, 2)
    request = pb.ApprovePolicyRequest(version=2, request_id="a")
    told = [await stub.ApprovePolicy(request, metadata=who("bert")) for _ in range(2)]
    assert (told[0], told[0].policy.state) == (told[1], pb.POLICY_STATE_IN_FORCE)
    request = pb.RollbackPolicyRequest(version=1, reason="no", request_id="r")
    told = [await stub.RollbackPolicy(request, metadata=who("anna")) for _ in range(2)]
    assert (told[0], told[0].policy.version, len(versions)) == (told[1], 3, 3)
    await refused(proposed(stub, who, looser, reason="other", request_id="p"), "INVALID_ARGUMENT")


async def test_an_end_of_the_stop_sent_again_does_not_undo_a_later_stop(plane, officers) -> None:
    stub, who = officers

    async def switch(subject: str, is_stopped: bool, request_id: str) -> None:
        request = pb.SetKillSwitchRequest(is_stopped=is_stopped, reason="x", request_id=request_id)
        await stub.SetKillSwitch(request, metadata=who(subject))

    await switch("anna", True, "1")
    await switch("anna", False, "2")
    await switch("bert", True, "1")
    await switch("anna", False, "2")
    assert plane.engine.policy.offers_stopped == 1


async def test_an_e_mail_address_becomes_a_pseudonym_that_is_one_person(plane, officers) -> None:
    stub, who = officers
    anna, text = "anna@example.com", await text_of(stub, who)
    told = (await proposed(stub, who, text.replace(COOLDOWN, "cooldown_ms = 0"), anna, reason="more")).policy
    assert told.author.startswith("officer-")
    assert "@" not in told.text
    request = pb.ApprovePolicyRequest(version=told.version)
    await refused(stub.ApprovePolicy(request, metadata=who(anna)), "PERMISSION_DENIED")
    approved = await stub.ApprovePolicy(request, metadata=who("bert@example.com"))
    assert approved.policy.approvals[0].officer not in (told.author, "bert@example.com")
    switch = pb.SetKillSwitchRequest(is_stopped=True, reason="x")
    assert (await stub.SetKillSwitch(switch, metadata=who(anna))).kill_switch.author == told.author


async def test_a_trial_tells_what_it_costs_and_uses_no_consent_that_does_not_count(plane, officers) -> None:
    stub, who = officers
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    plane.engine.publish()
    text = await text_of(stub, who)

    async def tried(mode, text: str = "") -> pb.DryRunPolicyResponse:
        return await stub.DryRunPolicy(pb.DryRunPolicyRequest(mode=mode, text=text), metadata=who("anna"))

    await tried(pb.DRY_RUN_MODE_START, text)
    pings = np.zeros(1, dtype=PING)
    pings["device_key"], pings["latitude_e7"], pings["longitude_e7"] = DEVICE_KEY, LATITUDE_E7, LONGITUDE_E7
    pings["accuracy_cm"], pings["fix_time_ms"], pings["now_ms"] = 1_000, NOW_MS, NOW_MS
    plane.engine.commit(plane.engine.step(pings))
    told = await tried(pb.DRY_RUN_MODE_STOP)
    assert told.ping_count == 1
    assert told.candidate_nanos > 0
    assert told.base_nanos > 0
    stricter = text.replace("[minimum_notice]", '[minimum_notice]\nsearch_intent_use = "2"')
    await tried(pb.DRY_RUN_MODE_START, stricter)
    await proposed(stub, who, stricter)
    with pytest.raises(grpc.aio.AioRpcError, match="consent is missing to try it") as failure:
        await tried(pb.DRY_RUN_MODE_START, text)
    assert failure.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_line_that_is_not_understood_is_named(plane, officers) -> None:
    stub, who = officers
    text = (await text_of(stub, who)).replace("score_floor", "score_flor")
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await proposed(stub, who, text)
    assert "score_flor is no key of a policy; did you mean score_floor?" in failure.value.details()
    assert failure.value.details().startswith("line ")


async def test_decide_says_that_all_offers_are_stopped(plane, officers) -> None:
    stub, who = officers
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    plane.engine.publish()
    await stub.SetKillSwitch(pb.SetKillSwitchRequest(is_stopped=True, reason="x"), metadata=who("anna"))
    request = decisions.DecideRequest(customer_id="c1", product_id="shoe", channel="CHANNEL_IN_APP")
    answer = await plane.decisions.Decide(request)
    assert not answer.HasField("offer")


# -- the file ------------------------------------------------------------------------------------------------------


def test_a_signed_file_is_proposed_and_what_cannot_be_trusted_changes_nothing(plane, tmp_path) -> None:
    signer = policy_signer(tmp_path, was_used=False)
    policies = Policies(plane.engine, signer, lambda: 5)
    policies.start()
    text = plane.engine.policy_document.text()
    by_nobody = text.replace('author = "geooffer"', 'author = ""')
    assert policies.take_file(signer.seal(text)) == "unchanged"
    tighter = signer.seal(text.replace(COOLDOWN, "cooldown_ms = 3600000"))
    for broken in (
        text,
        tighter.replace("3600000", "3600001"),
        policy_signer_of_another().seal(text),
        tighter[:-9] + tighter[-8:],
        signer.seal("format = 1\n"),
        signer.seal(by_nobody.replace(COOLDOWN, "cooldown_ms = 3600000")),
        "",
    ):
        assert policies.take_file(broken) == "refused"
    assert (policies.refused_file_count, plane.engine.policy.version) == (7, 1)
    assert policies.take_file(tighter) == "applied"
    assert (plane.engine.policy.version, plane.engine.policy.cooldown_ms) == (2, 3_600_000)
    assert policies.take_file(tighter) == "unchanged"
    assert policies.take_file(signer.seal(text)) == "refused", "older than what is in force"
    looser = signer.seal(plane.engine.policy_document.text().replace("cooldown_ms = 3600000", "cooldown_ms = 0"))
    assert policies.take_file(looser) == "waiting"
    assert policies.take_file(looser) == "waiting"
    assert (plane.engine.policy.cooldown_ms, len(plane.engine.state.policies.versions)) == (3_600_000, 3)


def test_a_file_that_cannot_wait_beside_so_many_others_is_refused(plane, tmp_path) -> None:
    signer = policy_signer(tmp_path, was_used=False)
    policies = Policies(plane.engine, signer, lambda: 5)
    policies.start()
    text = plane.engine.policy_document.text()
    for cooldown_ms in range(POLICY_WAITING_COUNT_MAX):
        assert policies.take_file(signer.seal(text.replace(COOLDOWN, f"cooldown_ms = {cooldown_ms}"))) == "waiting"
    assert policies.take_file(signer.seal(text.replace(COOLDOWN, "cooldown_ms = 99"))) == "refused"
    assert policies.refused_file_count == 1


def test_what_stands_below_a_signature_is_not_passed_over() -> None:
    signer, text = policy_signer_of_another(), PolicyDocument().text()
    assert parse_policy(without_seal(signer.seal(text) + "\n")) == PolicyDocument()
    assert without_seal(text) == text
    with pytest.raises(InvalidArgumentError, match="signature is no key of a policy"):
        parse_policy(without_seal(signer.seal(text) + '\n[[caps]]\nscope = "person"\n'))


def policy_signer_of_another() -> PolicySigner:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return PolicySigner(Ed25519PrivateKey.generate())


def test_nobody_is_served_by_a_policy_that_this_key_did_not_sign(plane) -> None:
    plane.control.policies.start()
    with pytest.raises(ConfigurationError, match="not signed by this service's key"):
        Policies(plane.engine, policy_signer_of_another(), lambda: 5).start()


def test_a_lost_or_open_key_is_refused(tmp_path) -> None:
    policy_signer(tmp_path, was_used=False)
    (tmp_path / "policy.key").chmod(0o644)
    with pytest.raises(ConfigurationError, match="0600"):
        policy_signer(tmp_path, was_used=True)
    (tmp_path / "policy.key").unlink()
    with pytest.raises(ConfigurationError, match="missing"):
        policy_signer(tmp_path, was_used=True)
