from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.world import World, world


@pytest.fixture
async def harbor(tmp_path: Path) -> AsyncIterator[World]:
    """Harbor & Pine with everything set up at both far ends, and nothing synced yet."""
    async with world(tmp_path) as made:
        yield made
