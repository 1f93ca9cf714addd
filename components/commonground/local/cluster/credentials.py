"""Certificates, keys and kubeconfigs of one control plane: made at each start, for it alone, and worth nothing after it.

Every part has an identity of its own and proves it by a client certificate; users come with tokens. Kubernetes' names for the parts stand in its
page "PKI certificates and requirements".
"""

import datetime
import ipaddress
import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID = datetime.timedelta(days=365)
LOOPBACK = "127.0.0.1"
ADMINISTRATORS = "system:masters"
"""The group that RBAC lets do everything."""


@dataclass(frozen=True)
class Identity:
    """Whom a certificate is for: the user's name and groups as the API server reads them."""

    file: str
    user: str
    group: str | None = None
    names: tuple[str, ...] = ()
    """Hosts that a serving certificate answers for; loopback is always one."""


SERVER = Identity("apiserver", "kube-apiserver", names=("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"))
ETCD = Identity("etcd", "etcd")
COMPONENTS = Identity("components", "components")
"""Serving certificate of the scheduler, the controller manager: for their health and metrics."""
ADMIN = Identity("admin", "commonground:admin", ADMINISTRATORS)
SCHEDULER = Identity("scheduler", "system:kube-scheduler")
CONTROLLERS = Identity("controllers", "system:kube-controller-manager")
# It speaks for every node at once, for which Kubernetes has no role.
KWOK = Identity("kwok", "commonground:kwok", ADMINISTRATORS)

_CLIENTS = (ADMIN, SCHEDULER, CONTROLLERS, KWOK)
_ALL = (SERVER, ETCD, COMPONENTS, *_CLIENTS)


@dataclass(frozen=True)
class Files:
    """Where they lie, in one folder that only its owner reads."""

    folder: Path

    @property
    def ca(self) -> Path:
        """Certificate of the authority that signed all others."""
        return self.folder / "ca.crt"

    @property
    def service_accounts(self) -> Path:
        """Private key that signs service account tokens."""
        return self.folder / "service-accounts.key"

    @property
    def service_accounts_public(self) -> Path:
        """Its public key, which verifies them."""
        return self.folder / "service-accounts.pub"

    def certificate(self, identity: Identity) -> Path:
        """An identity's certificate, PEM."""
        return self.folder / f"{identity.file}.crt"

    def key(self, identity: Identity) -> Path:
        """Its private key, PEM."""
        return self.folder / f"{identity.file}.key"

    def kubeconfig(self, identity: Identity) -> Path:
        """A client's kubeconfig, which holds all that it needs."""
        return self.folder / f"{identity.file}.kubeconfig"


def make(folder: Path, endpoint: str, service_address: str) -> Files:
    """All of them, new, in `folder`: certificates for `endpoint` on loopback and for the address of the service `kubernetes`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = Files(folder)
    authority, authority_key = _authority()
    _write(files.ca, _pem(authority))
    for identity in _ALL:
        certificate, key = _signed(identity, authority, authority_key, service_address)
        _write(files.certificate(identity), _pem(certificate))
        _write(files.key(identity), _private(key))
    for identity in _CLIENTS:
        _write(files.kubeconfig(identity), _kubeconfig(files, identity, endpoint).encode())
    tokens = ec.generate_private_key(ec.SECP256R1())
    _write(files.service_accounts, _private(tokens))
    _write(files.service_accounts_public, tokens.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    return files


def webhook_kubeconfig(url: str) -> str:
    """The file by which the API server knows whom to ask who a token belongs to (Kubernetes' page "Webhook Token Authentication")."""
    return _config({"server": url}, {})


def _authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("commonground-local-cluster", None)
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA256()), key


def _signed(
    identity: Identity, authority: x509.Certificate, authority_key: ec.EllipticCurvePrivateKey, service_address: str
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    addresses = (LOOPBACK, service_address) if identity is SERVER else (LOOPBACK,)
    names: Sequence[x509.GeneralName] = [
        *(x509.DNSName(name) for name in ("localhost", *identity.names)),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses),
    ]
    builder = (
        _builder(_name(identity.user, identity.group), authority.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(_uses(identity)), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
    )
    if identity not in _CLIENTS:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(authority_key, hashes.SHA256()), key


def _uses(identity: Identity) -> list[x509.ObjectIdentifier]:
    if identity in _CLIENTS:
        return [ExtendedKeyUsageOID.CLIENT_AUTH]
    # The API server shows its own to etcd, and etcd shows its own to itself.
    return [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key).serial_number(x509.random_serial_number())
    # A minute back: the reader's clock is the same, but it reads whole seconds.
    return builder.not_valid_before(now - datetime.timedelta(minutes=1)).not_valid_after(now + VALID)


def _name(user: str, group: str | None) -> x509.Name:
    organization = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
    return x509.Name([*organization, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _kubeconfig(files: Files, identity: Identity, endpoint: str) -> str:
    cluster = {"certificate-authority-data": _data(files.ca), "server": endpoint}
    return _config(cluster, {"client-certificate-data": _data(files.certificate(identity)), "client-key-data": _data(files.key(identity))})


def _config(cluster: dict[str, str], user: dict[str, str]) -> str:
    """A kubeconfig with one context, as JSON, which is YAML."""
    name = "commonground-local"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"cluster": cluster, "name": name}],
        "contexts": [{"context": {"cluster": name, "user": name}, "name": name}],
        "current-context": name,
        "users": [{"name": name, "user": user}],
    }
    return json.dumps(config, indent=1) + "\n"


def _data(path: Path) -> str:
    return b64encode(path.read_bytes()).decode()


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    # The form that Kubernetes reads a service account key in.
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
