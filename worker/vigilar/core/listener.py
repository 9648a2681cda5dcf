"""The API's listener: it may come late or fail; the core works on without it."""

import asyncio
import logging
from typing import Final

from vigilar import __version__
from vigilar.core.house import House

log = logging.getLogger(__name__)

AGAIN_S: Final = 5.0


async def listen_for_clients(house: House, server_id: str, stop: asyncio.Event) -> None:
    """Serve the API until `stop` is set; try again while its address cannot be had."""
    # Here, not above: a core without listener needs none of it in memory.
    from vigilar.api.app import create_app  # noqa: PLC0415
    from vigilar.api.auth import TokenAuth  # noqa: PLC0415
    from vigilar.api.server import ListenError, serve  # noqa: PLC0415
    from vigilar.api.tokens import hash_file_of  # noqa: PLC0415

    tokens = hash_file_of(house.settings)
    if not await asyncio.get_running_loop().run_in_executor(house.pool, tokens.exists):
        log.warning("nobody can use the API yet: make a token with 'vigilar token new'")
    auth = TokenAuth(tokens, clock=house.clock)
    app = create_app(house.services, auth=auth, version=__version__, server_id=server_id, clock=house.clock)
    while not stop.is_set():
        try:
            await serve(app, house.settings.api, stop)
        except ListenError as err:
            house.listen_problem = str(err)
            log.error("%s; trying again", err)  # noqa: TRY400 - the text says all
            try:
                await asyncio.wait_for(stop.wait(), AGAIN_S)
            except TimeoutError:
                continue
        house.listen_problem = ""
