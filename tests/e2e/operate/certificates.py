"""Certificates of an authority that lives as long as its folder, made by the openssl command."""

import pathlib
import ssl
import subprocess


class Authority:
    def __init__(self, folder, name="authority"):
        self.folder = pathlib.Path(folder)
        self.name = name
        self.cert = self.folder / f"{name}.pem"
        self.key = self.folder / f"{name}.key"
        self.issued = 0
        self._run("-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", self.key, "-out", self.cert,
                  "-days", "30")

    def issue(self, cert, key, name="localhost"):
        """A certificate for this name and 127.0.0.1, for servers and clients, into these two files, whole at once."""
        self.issued += 1
        new = (self.folder / "new.pem", self.folder / "new.key")
        self._run("-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1",
                  "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "keyUsage=critical,digitalSignature", "-CA", self.cert, "-CAkey", self.key,
                  "-set_serial", str(self.issued), "-days", str(20 + self.issued), "-keyout", new[1], "-out", new[0])
        new[1].chmod(0o600)
        for made, wanted in zip(new, (cert, key)):
            made.rename(wanted)

    def client(self, cert=None, key=None):
        """A context that trusts this authority alone."""
        context = ssl.create_default_context(cafile=str(self.cert))
        if cert:
            context.load_cert_chain(cert, key)
        return context

    @staticmethod
    def _run(*arguments):
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", *map(str, arguments)]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise AssertionError(made.stderr)
