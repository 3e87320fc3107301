"""What is logged of an unforeseen exception: type and place, never its text."""

from __future__ import annotations

import asyncio
import json

import pytest
import structlog

from geooffer.rpc.faults import log_end_of, log_loop_fault

SECRET = "47.3723, 8.5388 customer-7"


def test_a_fault_in_the_loop_is_logged_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    async def fail() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(log_loop_fault)

        def broken() -> None:
            raise RuntimeError(SECRET)

        loop.call_soon(broken)
        loop.call_exception_handler({"message": SECRET})
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    with structlog.testing.capture_logs() as logs:
        asyncio.run(fail())
    told = capsys.readouterr()
    assert SECRET not in told.out + told.err + json.dumps(logs)
    assert [entry["error"] for entry in logs] == ["none", "RuntimeError"]
    assert logs[1]["place"].startswith("test_faults.py:")


async def test_a_task_that_nobody_awaits_does_not_end_unseen() -> None:
    async def broken() -> None:
        raise RuntimeError(SECRET)

    with structlog.testing.capture_logs() as logs:
        tasks = [asyncio.create_task(work) for work in (broken(), asyncio.sleep(60), asyncio.sleep(0))]
        for task in tasks:
            task.add_done_callback(log_end_of)
        tasks[1].cancel()
        await asyncio.wait(tasks)
        await asyncio.sleep(0)
    assert [(entry["event"], entry["error"]) for entry in logs] == [("loop_fault", "RuntimeError")]
    assert SECRET not in json.dumps(logs)
