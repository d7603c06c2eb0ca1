"""SMPP 3.4, to a carrier's or aggregator's SMSC: bind as a transmitter, submit every part, unbind.

The rule: a text counts as sent when the SMSC has taken all its parts. One connection per text keeps no state to lose; the
library blocks, so it runs in a thread. Its own log quotes whole PDUs, password and text included, and stays shut.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Any

import structlog
from smpplib import consts, exceptions, smpp
from smpplib.client import Client

from gateway.adapters.sms.gsm import Parts, parts
from gateway.adapters.sms.number import NOT_SENT, digits, is_number
from gateway.core.errors import SmsFailed

log = structlog.get_logger()

PATIENCE = 10.0  # seconds that the SMSC may be silent
LONGEST_PDU = 64 * 1024
NOISE = 20  # PDUs of other kinds while we wait for one answer
WIRE_LOG = "gateway.adapters.sms.smpp.wire"
logging.getLogger(WIRE_LOG).setLevel(logging.CRITICAL + 1)  # unlike `disabled`, dictConfig leaves it alone

HOPELESS = frozenset(
    {
        consts.SMPP_ESME_RINVPASWD,
        consts.SMPP_ESME_RINVSYSID,
        consts.SMPP_ESME_RINVMSGLEN,
        consts.SMPP_ESME_RINVSRCADR,
        consts.SMPP_ESME_RINVDSTADR,
        consts.SMPP_ESME_RINVSRCTON,
        consts.SMPP_ESME_RINVSRCNPI,
        consts.SMPP_ESME_RINVDSTTON,
        consts.SMPP_ESME_RINVDSTNPI,
    }
)
# What a peer that is away, slow or no SMSC at all makes the library raise.
BROKEN = (
    exceptions.ConnectionError,
    exceptions.UnknownCommandError,
    exceptions.PDUError,
    OSError,
    struct.error,
    ValueError,
)


class Connection(Client):  # type: ignore[misc]
    """smpplib's client, with IPv6, TLS by host name, and a bound on what a PDU may claim to be."""

    def __init__(self, host: str, port: int, patience: float, tls: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=patience, logger_name=WIRE_LOG, allow_unknown_opt_params=True)
        self._tls = tls

    def connect(self) -> None:
        """Raises OSError."""
        plain = socket.create_connection((self.host, self.port), self.timeout)
        try:
            self._socket = self._tls.wrap_socket(plain, server_hostname=self.host) if self._tls else plain
        except OSError:
            plain.close()
            raise
        self.state = consts.SMPP_CLIENT_STATE_OPEN

    def _recv_exact(self, exact_size: int) -> bytes:
        if not 0 <= exact_size <= LONGEST_PDU:
            raise exceptions.PDUError("a PDU of an impossible length")
        return bytes(super()._recv_exact(exact_size))

    def submit(self, **fields: Any) -> int:
        """The SMSC's command_status for one submit_sm; its enquiries in between are answered."""
        asked = self.send_message(**fields)
        for _ in range(NOISE):
            pdu = self.read_pdu()
            if pdu.sequence == asked.sequence and pdu.command in ("submit_sm_resp", "generic_nack"):
                return int(pdu.status)
            if pdu.command == "enquire_link":
                answer = smpp.make_pdu("enquire_link_resp", client=self)
                answer.sequence = pdu.sequence
                self.send_pdu(answer)
        raise exceptions.PDUError("no answer to submit_sm")


class SmppSms:
    """`tls` is a context when the SMSC speaks TLS; otherwise use SMPP only over a line that is private already."""

    def __init__(
        self,
        host: str,
        port: int,
        system_id: str,
        password: str,
        *,
        tls: ssl.SSLContext | None = None,
        patience: float = PATIENCE,
        new_reference: Callable[[], int] = lambda: os.urandom(1)[0],
    ) -> None:
        self._address = (host, port)
        self._system_id = system_id
        self._password = password
        self._tls = tls
        self.patience = patience
        self._new_reference = new_reference

    def __repr__(self) -> str:
        return "SmppSms()"

    async def send(self, to: str, text: str, sender: str) -> None:
        """Returns when the SMSC has taken every part. Raises `SmsFailed`."""
        addresses = {**_source(sender), **_destination(to)}
        try:
            content = parts(text, self._new_reference())
            status = await asyncio.to_thread(self._submit, addresses, content)
        except BROKEN as error:
            log.warning("sms_failed", provider="smpp", error=type(error).__name__, permanent=False)
            raise SmsFailed(NOT_SENT) from None
        if status != consts.SMPP_ESME_ROK:
            permanent = status in HOPELESS
            log.warning("sms_failed", provider="smpp", status=status, permanent=permanent)
            raise SmsFailed(NOT_SENT, permanent=permanent, bad_number=status == consts.SMPP_ESME_RINVDSTADR)

    def _submit(self, addresses: dict[str, Any], content: Parts) -> int:
        connection = Connection(*self._address, self.patience, self._tls)
        try:
            connection.connect()
            status = self._bind(connection)
            for part in content.contents if status == consts.SMPP_ESME_ROK else ():
                status = connection.submit(
                    short_message=part,
                    data_coding=consts.SMPP_ENCODING_ISO10646 if content.ucs2 else consts.SMPP_ENCODING_DEFAULT,
                    esm_class=consts.SMPP_GSMFEAT_UDHI if len(content.contents) > 1 else 0,
                    **addresses,
                )
                if status != consts.SMPP_ESME_ROK:
                    break
            return status
        finally:
            _close(connection)

    def _bind(self, connection: Connection) -> int:
        """The command_status, which smpplib hides as the second argument of its error."""
        try:
            connection.bind_transmitter(system_id=self._system_id, password=self._password)
        except exceptions.PDUError as error:
            if len(error.args) > 1:
                return int(error.args[1])
            raise
        return int(consts.SMPP_ESME_ROK)


def _close(connection: Connection) -> None:
    """Says goodbye when it can; what was taken stays taken."""
    try:
        if connection.state == consts.SMPP_CLIENT_STATE_BOUND_TX:
            connection.unbind()
    except BROKEN:
        log.debug("smpp_unbind_failed")
    finally:
        connection.disconnect()


def _source(sender: str) -> dict[str, Any]:
    if is_number(sender):
        kind = {"source_addr_ton": consts.SMPP_TON_INTL, "source_addr_npi": consts.SMPP_NPI_ISDN}
        return {**kind, "source_addr": sender.lstrip("+")}
    return {
        "source_addr_ton": consts.SMPP_TON_ALNUM,
        "source_addr_npi": consts.SMPP_NPI_UNK,
        "source_addr": sender,
    }


def _destination(to: str) -> dict[str, Any]:
    return {
        "dest_addr_ton": consts.SMPP_TON_INTL,
        "dest_addr_npi": consts.SMPP_NPI_ISDN,
        "destination_addr": digits(to),
    }
