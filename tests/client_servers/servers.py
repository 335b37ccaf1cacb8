"""The servers and proxies, all of Debian's packages, and the example `echo` behind them."""

import contextlib
import os
import shutil
import socket
import subprocess
import time

PATIENCE = 20

NGINX = """\
daemon off;
worker_processes 1;
error_log {log};
pid {directory}/nginx.pid;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    ssl_protocols TLSv1.2 TLSv1.3;
{servers}
}}
"""
NGINX_SERVER = """\
    server {{
        listen 127.0.0.1:{port} ssl{options};
        {settings}
        ssl_certificate {certificate};
        ssl_certificate_key {certificate};
        location / {{
            proxy_pass http://127.0.0.1:{back};
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_set_header Host $http_host;
        }}
    }}
"""
HAPROXY = """\
defaults
    mode http
    log stdout format raw local0
    option httplog
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    timeout tunnel 1h

frontend http1
    bind 127.0.0.1:{http1} ssl crt {certificate} alpn h2,http/1.1
    use_backend http2 if {{ path /over-http2 }}
    default_backend http1

backend http1
    server echo 127.0.0.1:{back}

backend http2
    http-request set-path /ws
    server echo 127.0.0.1:{back} proto h2
"""
TINYPROXY = """\
Port {port}
Listen 127.0.0.1
Timeout 60
LogFile "{log}"
LogLevel Connect
MaxClients 50
Allow 127.0.0.1
{settings}
"""


class CannotRun(Exception):
    """The run could not be made, so there is nothing to judge."""


def tool(name, package=None):
    # Debian has some where only root looks.
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])
    found = shutil.which(name, path=places)
    if not found:
        raise CannotRun(f"no {name} on PATH or in /usr/sbin; install the package {package or name}")
    return found


def free_ports(count):
    """Ports that were free a moment ago, all of them different."""
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [stream.getsockname()[1] for stream in streams]


class Program:
    """A process that accepts on a port of this machine, and ends with the run. What it says is kept."""

    def __init__(self, stack, log, port, command):
        self.log, self.port = log, port
        with open(log, "ab") as output:
            process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                       stdout=output, stderr=output, start_new_session=True)

        def end():
            # With its workers.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()

        stack.callback(end)
        begun = time.monotonic()
        while not self.accepts():
            if process.poll() is not None or time.monotonic() - begun > PATIENCE:
                raise CannotRun(f"{command[0]} does not accept: {self.said()[-2000:]}")
            time.sleep(0.02)

    def accepts(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def said(self):
        return self.log.read_text(errors="replace")


class TinyProxy(Program):
    # What it says to a user or a password that is wrong.
    WRONG = "401"

    def tunnels(self):
        """How many it has logged."""
        return self.said().count("Established connection to host")


class MicroSocks(Program):
    def tunnels(self):
        return self.said().count(": connected to")


class Servers:
    """All of them, started."""

    def __init__(self, stack, work, echo, certificates):
        # A certificate's name is its nginx's; the first is the good one.
        self.work = work
        self.back, self.closed, haproxy, tiny, narrow, socks, open_socks, *ports = free_ports(9 + len(certificates))
        good = certificates["good"]
        Program(stack, work / "echo.log", self.back, [echo, "--addr", f"127.0.0.1:{self.back}"])
        self.nginx = dict(zip([*certificates, "http2", "tls12"], ports))
        blocks = [self.block(name, path) for name, path in certificates.items()]
        blocks.append(self.block("http2", good, options=" http2"))
        blocks.append(self.block("tls12", good, settings="ssl_protocols TLSv1.2;"))
        configuration = work / "nginx.conf"
        configuration.write_text(NGINX.format(log=work / "nginx.log", directory=work, servers="".join(blocks)))
        Program(stack, work / "nginx.out", self.nginx["good"],
                [tool("nginx"), "-p", work, "-c", configuration])
        configuration = work / "haproxy.cfg"
        configuration.write_text(HAPROXY.format(http1=haproxy, certificate=good, back=self.back))
        self.haproxy = Program(stack, work / "haproxy.log", haproxy, [tool("haproxy"), "-db", "-f", configuration])
        self.http = self.tinyproxy(stack, work, "tinyproxy", tiny, "BasicAuth user password")
        self.narrow = self.tinyproxy(stack, work, "narrow", narrow, "ConnectPort 1")
        microsocks = [tool("microsocks"), "-i", "127.0.0.1", "-p"]
        self.socks = MicroSocks(stack, work / "socks.log", socks, [*microsocks, socks, "-u", "user", "-P", "password"])
        self.open_socks = MicroSocks(stack, work / "open_socks.log", open_socks, [*microsocks, open_socks])

    def block(self, name, certificate, options="", settings=""):
        return NGINX_SERVER.format(port=self.nginx[name], options=options, settings=settings,
                                   certificate=certificate, back=self.back)

    @staticmethod
    def tinyproxy(stack, work, name, port, settings):
        configuration = work / f"{name}.conf"
        log = work / f"{name}.log"
        configuration.write_text(TINYPROXY.format(port=port, log=log, settings=settings))
        return TinyProxy(stack, log, port, [tool("tinyproxy"), "-d", "-c", configuration])
