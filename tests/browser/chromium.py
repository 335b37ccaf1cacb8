"""Which browser is run, how it is told to behave, and which certificate it trusts."""

import base64
import hashlib
import os
import shutil
import ssl

import devtools

BROWSERS = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]

# The browser would not let every page ask for the server at all, but it is the server's
# answer that is to be seen.
FLAGS = ["--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets"]


def find_browser():
    """Return the browser's command."""
    names = [os.environ["CHROMIUM"]] if "CHROMIUM" in os.environ else BROWSERS
    command = next(filter(None, map(shutil.which, names)), None)
    if command is None:
        raise devtools.BrowserError(
            f"no browser: there is no {', '.join(names)}; $CHROMIUM may name one")
    return command


def key_digest(pem):
    """The SHA-256 of a certificate's SubjectPublicKeyInfo, in base64."""
    # RFC 5280, 4.1: the seventh field of the first of a certificate's fields.
    (_, certificate), = elements(ssl.PEM_cert_to_DER_cert(pem))
    _, signed = elements(certificate)[0]
    public_key, _ = elements(signed)[6]
    return base64.b64encode(hashlib.sha256(public_key).digest()).decode()


def elements(der):
    """The DER elements that follow each other, each with its contents."""
    found = []
    while der:
        start, size = 2, der[1]
        if size > 127:
            start += size - 128
            size = int.from_bytes(der[2:start], "big")
        end = start + size
        found.append((der[:end], der[start:end]))
        der = der[end:]
    return found
