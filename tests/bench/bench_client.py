"""A client of any TURN server: as strict as that of the tests, with a nonce before the first request."""

import stun
from servers import PASSWORD, USER
from turn_client import TurnClient, TurnError


def allocated_client():
    """A client with an allocation."""
    client = TurnClient()
    # A server may refuse a request that has a username and no nonce, which coturn does.
    try:
        client.allocate()
    except TurnError as refused:
        client.nonce = refused.answer.get(stun.NONCE)
    client.credential = stun.Credential(USER, PASSWORD)
    client.allocate()
    return client
