"""A process ends although what it waits for does not."""

import asyncio

from chassis.ending import end_all, within


async def deaf(times: int) -> None:
    """Takes a cancellation for an error, as a driver does whose server is away."""
    for _ in range(times):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue
    await asyncio.Event().wait()


async def begun(times: int) -> asyncio.Task[None]:
    task = asyncio.create_task(deaf(times))
    await asyncio.sleep(0)  # a task that has not begun never hears of its cancellation
    return task


async def test_a_loop_that_swallows_its_cancellation_is_cancelled_again() -> None:
    tasks = [await begun(0), await begun(2)]
    async with asyncio.timeout(5):
        await end_all(tasks)
    assert all(task.cancelled() for task in tasks)


async def test_a_step_that_hangs_is_left_and_the_next_is_taken() -> None:
    hanging, taken = await begun(1_000), []

    async def next_step() -> None:
        taken.append("closed")

    async with asyncio.timeout(5):
        await within(0.2, lambda: end_all([hanging]), what="loops")
        await within(0.2, next_step, what="close")
    assert not hanging.done()
    assert taken == ["closed"]
    while not hanging.done():
        hanging.cancel()
        await asyncio.sleep(0)
