"""Certificates for a service that proves itself under load, and for tests of who may come in."""

from __future__ import annotations

from pathlib import Path

import trustme


class Authority:
    """One that vouches for whoever it is told to; its files stand in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        """Make the authority; its own certificate is the file `ca`."""
        self._folder = folder
        self._authority = trustme.CA(organization_name=name)
        self.ca = folder / f"{name}.pem"
        self._authority.cert_pem.write_to_path(self.ca)

    def vouch(self, name: str) -> tuple[Path, Path]:
        """Return the certificate of someone on this machine, and its key; made anew each time."""
        issued = self._authority.issue_cert("localhost", "127.0.0.1", common_name=name)
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        issued.cert_chain_pems[0].write_to_path(certificate)
        issued.private_key_pem.write_to_path(key)
        return certificate, key
