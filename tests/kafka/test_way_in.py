"""Brokers that ask who one is, and show who they are."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, cast
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from consumers.brokers import Brokers, Client
from consumers.bus import Bus, BusRefused, BusUnavailable, Message
from consumers.message import Partition
from consumers.subscription import Subscription
from tests.broker import KAFKA, Broker, a_broker

pytestmark = KAFKA

PATIENCE = 5.0
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


class House(NamedTuple):
    """Certificates that one authority has given, in files."""

    ca: Path
    server: Path
    certificate: Path
    key: Path


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    folder = tmp_path_factory.mktemp("house")
    key, name = ec.generate_private_key(ec.SECP256R1()), named("the house")
    ca = certificate(name, key, name, key, authority=True)
    (folder / "ca.pem").write_bytes(pem(ca))
    for each in ("localhost", "lifeledger"):
        own = ec.generate_private_key(ec.SECP256R1())
        told = certificate(named(each), own, name, key, authority=False)
        (folder / f"{each}.key").write_bytes(pem(own))
        (folder / f"{each}.crt").write_bytes(pem(told))
        (folder / f"{each}.pem").write_bytes(pem(own) + pem(told) + pem(ca))
    return House(folder / "ca.pem", folder / "localhost.pem", folder / "lifeledger.crt", folder / "lifeledger.key")


def named(who: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, who)])


def certificate(
    name: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    by: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
) -> x509.Certificate:
    now, day = datetime.now(UTC), timedelta(days=1)
    begun = x509.CertificateBuilder(issuer, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
    built = begun.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    return built.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False).sign(
        by, hashes.SHA256()
    )


def pem(what: x509.Certificate | ec.EllipticCurvePrivateKey) -> bytes:
    if isinstance(what, x509.Certificate):
        return what.public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    return what.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


@pytest.fixture(scope="module")
def guarded(house: House) -> Iterator[Broker]:
    both = ("guarded", "certified")
    settings = {
        "listener.security.protocol.map": (
            "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT,ASKING:SASL_PLAINTEXT,GUARDED:SASL_SSL,CERTIFIED:SSL"
        ),
        "listener.name.asking.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.asking.plain.sasl.jaas.config": f'{PLAIN} required user_lifeledger="said-plainly";',
        "listener.name.guarded.sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512",
        "listener.name.guarded.scram-sha-256.sasl.jaas.config": f"{SCRAM} required;",
        "listener.name.guarded.scram-sha-512.sasl.jaas.config": f"{SCRAM} required;",
        "listener.name.certified.ssl.client.auth": "required",
        "listener.name.certified.ssl.truststore.type": "PEM",
        "listener.name.certified.ssl.truststore.location": str(house.ca),
    }
    settings |= {f"listener.name.{name}.ssl.keystore.type": "PEM" for name in both}
    settings |= {f"listener.name.{name}.ssl.keystore.location": str(house.server) for name in both}
    users = [f"{kind}=[name=lifeledger,password=whispered]" for kind in ("SCRAM-SHA-256", "SCRAM-SHA-512")]
    with a_broker(("ASKING", "GUARDED", "CERTIFIED"), settings, *users) as broker:
        broker.start()
        yield broker


@pytest.fixture(params=["kafka-python", "confluent"])
def client(request: pytest.FixtureRequest) -> Client:
    return cast("Client", request.param)


NOT_LET_IN = {"kafka-python": BusUnavailable, "confluent": BusRefused}  # The first does not tell why.
WAYS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "a certificate"]


def way(by: str, guarded: Broker, house: House, client: Client) -> Brokers:
    match by:
        case "PLAIN":
            asking = guarded.address_of("ASKING")
            return Brokers(asking, mechanism="PLAIN", user="lifeledger", password="said-plainly", client=client)
        case "SCRAM-SHA-256" | "SCRAM-SHA-512":
            told = Brokers(guarded.address_of("GUARDED"), tls=True, ca=house.ca, mechanism=by, client=client)
            return replace(told, user="lifeledger", password="whispered")
        case _:
            told = Brokers(guarded.address_of("CERTIFIED"), tls=True, ca=house.ca, client=client)
            return replace(told, certificate=house.certificate, key=house.key)


@pytest.mark.parametrize("by", WAYS)
def test_who_is_let_in_sends_and_reads(guarded: Broker, house: House, client: Client, by: str) -> None:
    brokers, topic = way(by, guarded, house, client), f"test.{uuid4()}"
    sent = [Message(topic=topic, key=b"lead/1", value=b"%d" % number) for number in range(50)]
    with closing(Bus(brokers, PATIENCE)) as bus:
        bus.prepare({topic: 1})
        bus.publish(sent)
        assert [*bus.read(topic)] == sent
    group = Subscription(brokers, group=topic, topics=[topic], place=lambda _, first, __: first, patience=PATIENCE)
    with closing(group) as member:
        found: list[bytes | None] = []
        for _ in range(60):
            found += [each.value for each in member.poll().get(Partition(topic, 0), ())]
            if len(found) == len(sent):
                break
    assert found == [each.value for each in sent]


@pytest.mark.parametrize("by", WAYS[:3])
def test_a_wrong_password_is_told_with_as_whom_it_was_given_and_is_in_no_message(
    guarded: Broker, house: House, client: Client, by: str
) -> None:
    brokers = replace(way(by, guarded, house, client), password="mistaken-4711")
    with (
        closing(Bus(brokers, PATIENCE)) as bus,
        pytest.raises(NOT_LET_IN[client], match=r"\(SASL_.* as lifeledger\)") as told,
    ):
        bus.publish([Message(topic="test", key=b"lead/1", value=b"")])
    assert "4711" not in f"{told.value}{told.value.__cause__}{bus.brokers!r}"


def test_brokers_that_an_authority_of_ours_does_not_know_are_not_spoken_to(
    guarded: Broker, house: House, client: Client, tmp_path: Path
) -> None:
    key, name = ec.generate_private_key(ec.SECP256R1()), named("somebody else")
    strange = tmp_path / "ca.pem"
    strange.write_bytes(pem(certificate(name, key, name, key, authority=True)))
    brokers = replace(way("SCRAM-SHA-256", guarded, house, client), ca=strange)
    with closing(Bus(brokers, PATIENCE)) as bus, pytest.raises((BusUnavailable, BusRefused), match="localhost"):
        bus.publish([Message(topic="test", key=b"lead/1", value=b"")])
