"""A client that is used stays open, whatever is found out about its control plane meanwhile."""

from gristmill_lab.control_plane import ControlPlane

from gristmill.client.client import Client
from gristmill.client.credentials import Credentials


class Known(Client):
    def __init__(self) -> None:
        self.closed = 0
        super().__init__(Credentials(url="http://127.0.0.1:1", token="t", local=False))

    def close(self) -> None:
        self.closed += 1
        super().close()


async def test_a_client_that_is_lent_is_closed_when_its_last_user_has_given_it_back() -> None:
    made: list[Known] = []

    def connect() -> Client:
        made.append(Known())
        return made[-1]

    control_plane = ControlPlane(connect)
    async with control_plane.lent() as first:
        async with control_plane.lent() as same:
            assert same is first
            await control_plane.lose()
        assert made[0].closed == 0
        async with control_plane.lent() as next_one:
            assert next_one is not first
    assert [one.closed for one in made] == [1, 0]
    await control_plane.close()
    assert [one.closed for one in made] == [1, 1]
