"""Large objects are linked, not sent: only when S3 says that the caller may read just that version; else S3 sends them."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from urllib3 import HTTPResponse

from local_cloud.athena.catalog.glue import Catalog
from local_cloud.athena.errors import QueryFailedError
from local_cloud.athena.statement.callers import Caller
from local_cloud.athena.statement.query import Query
from local_cloud.athena.tables import objects
from local_cloud.athena.tables.objects import Objects, S3Object
from local_cloud.clients import Clients

STORED, SENT = b'{"a":1}\n', b'{"a":2}\n'
DENIED = b"<Error><Code>AccessDenied</Code><Message>s3:GetObject is needed</Message></Error>"
CHANGED = b"<Error><Code>PreconditionFailed</Code></Error>"


class Store:
    """S3 as it answers, and the emulator's folder; ``requests`` are the methods asked for."""

    def __init__(self, folder: Path) -> None:
        self.stored, self.target = folder / "stored", folder / "target"
        self.requests: list[str] = []
        self.head: Callable[[], tuple[int, dict[str, str]]] = lambda: (200, {})
        self.get: tuple[int, bytes] = (200, SENT)
        clients = Clients("http://127.0.0.1:1", "us-east-1")
        clients.client("s3").meta.events.register("before-send.s3", self._answer)
        self.caller = Caller(clients, Catalog(clients))

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        self.requests.append(request.method)
        assert request.headers["If-Match"] == b"e"
        status, headers, body = (*self.head(), b"") if request.method == "HEAD" else (self.get[0], {}, self.get[1])
        raw = HTTPResponse(BytesIO(body), preload_content=False)
        return AWSResponse(request.url, status, {"Content-Length": str(len(STORED)), **headers}, raw)

    def keep(self, key: str = "a.json") -> Path:
        path = self.stored / "bucket" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(STORED)
        return path

    def fetched(self, key: str = "a.json", *, unpack: bool = True) -> bytes:
        query = Query("q", "", "", "", [], "", "primary", None, self.caller)
        wanted = [(S3Object("bucket", key, "e", len(STORED)), self.target)]
        assert len(list(Objects(self.caller, self.stored).fetch(query, wanted, unpack=unpack))) == 1
        return self.target.read_bytes()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(objects, "MIN_LINKED_BYTES", 1)
    return Store(tmp_path)


def test_a_large_object_is_linked_once_s3_lets_the_caller_read_it(store: Store) -> None:
    file = store.keep("raw/dt=1/a.json")
    assert store.fetched("raw/dt=1/a.json") == STORED
    assert store.requests == ["HEAD"]
    assert store.target.samefile(file)


def test_a_refusal_is_reported_as_s3_words_it(store: Store) -> None:
    store.keep()
    store.head, store.get = lambda: (403, {}), (403, DENIED)
    with pytest.raises(QueryFailedError, match=r"Permission denied on S3 path: s3://bucket/a\.json.*s3:GetObject"):
        store.fetched()
    assert not store.target.exists()


def test_an_object_that_changed_since_it_was_listed_fails_the_query(store: Store) -> None:
    store.keep()
    store.head, store.get = lambda: (412, {}), (412, CHANGED)
    with pytest.raises(QueryFailedError, match="changed or went away"):
        store.fetched()
    assert not store.target.exists()


def test_a_file_that_is_replaced_while_s3_answers_is_not_used(store: Store) -> None:
    file = store.keep()

    def replaced() -> tuple[int, dict[str, str]]:
        file.with_name("new").write_bytes(STORED)
        file.with_name("new").replace(file)
        return 200, {}

    store.head = replaced
    assert store.fetched() == SENT
    assert store.requests == ["HEAD", "GET"]


@pytest.mark.parametrize("headers", [{"x-amz-storage-class": "GLACIER"}, {"Content-Length": "5"}])
def test_an_object_that_may_be_another_file_is_sent(store: Store, headers: dict[str, str]) -> None:
    file = store.keep()
    store.head = lambda: (200, headers)
    assert store.fetched() == SENT
    assert file.read_bytes() == STORED


def test_an_object_without_a_file_at_its_key_is_sent(store: Store) -> None:
    assert store.fetched() == SENT
    assert store.requests == ["GET"]


@pytest.mark.parametrize(
    "key", ["../other/a.json", "x/../a.json", "./a.json", "a.json.tmp", "a.json.meta.json", ".k/a"]
)
def test_a_file_that_is_another_keys_is_never_linked(store: Store, key: str) -> None:
    store.keep(key)
    assert store.fetched(key) == SENT
    assert store.requests == ["GET"]


def test_a_copy_that_will_be_changed_is_sent(store: Store) -> None:
    file = store.keep()
    assert store.fetched(unpack=False) == SENT
    assert not store.target.samefile(file)


def test_small_objects_are_sent(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.keep()
    monkeypatch.setattr(objects, "MIN_LINKED_BYTES", len(STORED) + 1)
    assert store.fetched() == SENT


LISTED = "<ListBucketResult><Contents><Key>raw/{}.json</Key><ETag>e</ETag><Size>8</Size><StorageClass>{}</StorageClass></Contents></ListBucketResult>"


class Folder(Store):
    """Several objects of one folder, of which a listing tells the first; the others are asked for one by one."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.files = [self.keep(f"raw/{number}.json") for number in range(objects.MIN_LISTED)]
        self.listing: Callable[[], str] = lambda: LISTED.format(0, "STANDARD")

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        if "list-type=2" not in request.url:
            return super()._answer(request)
        self.requests.append("LIST")
        raw = HTTPResponse(BytesIO(self.listing().encode()), preload_content=False)
        return AWSResponse(request.url, 200, {}, raw)

    def linked(self) -> list[bool]:
        query = Query("q", "", "", "", [], "", "primary", None, self.caller)
        keys = [f"raw/{file.name}" for file in self.files]
        wanted = [(S3Object("bucket", key, "e", len(STORED)), self.target.with_name(Path(key).name)) for key in keys]
        list(Objects(self.caller, self.stored).fetch(query, wanted, unpack=True))
        return [path.samefile(file) for (_, path), file in zip(wanted, self.files, strict=True)]


def test_the_administrators_objects_are_linked_by_one_listing_of_their_folder(store: Store, tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.linked() == [True] * objects.MIN_LISTED
    assert sorted(folder.requests) == ["HEAD"] * (objects.MIN_LISTED - 1) + ["LIST"]


@pytest.mark.parametrize("listing", [LISTED.format(0, "GLACIER"), LISTED.format(0, "STANDARD").replace(">8<", ">9<")])
def test_an_object_that_a_listing_shows_changed_is_asked_for(store: Store, tmp_path: Path, listing: str) -> None:
    folder = Folder(tmp_path)
    folder.listing = lambda: listing
    folder.linked()
    assert folder.requests.count("HEAD") == objects.MIN_LISTED


def test_a_file_that_is_replaced_while_its_folder_is_listed_is_asked_for(store: Store, tmp_path: Path) -> None:
    folder = Folder(tmp_path)

    def replaced() -> str:
        folder.files[0].with_name("new").write_bytes(STORED)
        folder.files[0].with_name("new").replace(folder.files[0])
        return LISTED.format(0, "STANDARD")

    folder.listing = replaced
    assert folder.linked() == [True] * objects.MIN_LISTED
    assert folder.requests.count("HEAD") == objects.MIN_LISTED


def test_another_callers_objects_are_each_asked_for(store: Store, tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.caller.clients.keys = dict(folder.caller.clients.keys)
    assert folder.linked() == [True] * objects.MIN_LISTED
    assert folder.requests == ["HEAD"] * objects.MIN_LISTED
