"""Certificates, good and bad, by openssl."""

import datetime
import subprocess

from servers import CannotRun

CONFIGURATION = """\
[ca]
default_ca = own
[own]
dir = {directory}
database = {directory}/index.txt
new_certs_dir = {directory}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = any_name
prompt = no
[any_name]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = {names}
"""
OWN = "DNS:localhost, DNS:dual.test, IP:127.0.0.1"


class Authority:
    """Signs certificates for servers. They and itself lie in a directory of its own."""

    def __init__(self, directory, openssl):
        self.directory, self.openssl = directory, openssl
        directory.mkdir()
        (directory / "index.txt").touch()
        self.certificate, self.key = directory / "ca.pem", directory / "ca.key"
        self.run("req", "-x509", *self.new_key(self.key), "-subj", f"/CN={directory.name}", "-days", "30",
                 "-extensions", "authority", "-config", self.configuration(OWN), "-out", self.certificate)

    def sign(self, name, names=OWN, begins=-1, ends=30):
        """A file with a certificate and its key, valid between so many days from now."""
        key, asked = self.directory / f"{name}.key", self.directory / f"{name}.csr"
        signed, both = self.directory / f"{name}.crt", self.directory / f"{name}.pem"
        configuration = self.configuration(names)
        self.run("req", "-new", *self.new_key(key), "-subj", f"/CN={name}", "-config", configuration, "-out", asked)
        now = datetime.datetime.now(datetime.timezone.utc)
        first, last = ((now + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")
                       for days in (begins, ends))
        self.run("ca", "-batch", "-notext", "-config", configuration, "-extensions", "server",
                 "-cert", self.certificate, "-keyfile", self.key, "-startdate", first, "-enddate", last,
                 "-in", asked, "-out", signed)
        both.write_text(signed.read_text() + key.read_text())
        return both

    def new_key(self, path):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path]

    def configuration(self, names):
        path = self.directory / "openssl.cnf"
        path.write_text(CONFIGURATION.format(directory=self.directory, names=names))
        return path

    def run(self, *words):
        done = subprocess.run([self.openssl, *words], text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise CannotRun(f"openssl {words[0]} fails: {done.stdout}")
