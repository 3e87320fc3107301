"""The two ports of a server, bound with everything their calls pass through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geooffer.cli.callers import Callers
    from geooffer.cli.settings import ServiceSettings
    from geooffer.dataplane.port import DataPlane
    from geooffer.rpc.server import Port, PortOptions
    from geooffer.rpc.tls import PortKind
    from geooffer.rpc.write_gate import WriteGate
    from geooffer.services.control import Control


def bind_ports(
    callers: Callers,
    data_options: PortOptions,
    settings: ServiceSettings,
    write_gate: WriteGate,
    plane: DataPlane,
    control: Control,
    **gate: Any,
) -> tuple[Port, Port]:
    """Data and control port. Raises ConfigurationError as rpc/server.py does."""
    from geooffer.rpc.call_admission import CallAdmission
    from geooffer.rpc.server import bind_port
    from geooffer.services.assembly import control_services, data_services

    options = (data_options, callers.port_options(settings)[1])
    services = ([plane.service(), *data_services(control, callers.quotas)], control_services(control))
    kinds: tuple[PortKind, PortKind] = ("data", "control")
    data_port, control_port = (
        bind_port(
            kind,
            option,
            services=offered,
            verifier=callers.verifier,
            quotas=callers.quotas,
            refusals=callers.refusals,
            admission=CallAdmission(write_gate.refusal),
            **gate,
        )
        for kind, option, offered in zip(kinds, options, services, strict=True)
    )
    return data_port, control_port
