"""Which of the driver's errors mean that the store is away, and which are answers or mistakes of ours."""

import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    DuplicateKeyError,
    EncryptionError,
    ExecutionTimeout,
    InvalidOperation,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteError,
)

from chassis.mongo import is_away

TRANSIENT = {"errorLabels": ["TransientTransactionError"]}


@pytest.mark.parametrize(
    "error",
    [
        AutoReconnect("closed"),
        NetworkTimeout("slow"),
        ServerSelectionTimeoutError("nobody"),
        WaitQueueTimeoutError("full"),
        ExecutionTimeout("slow", 50),
        OperationFailure("conflict", 112, TRANSIENT),
        EncryptionError(AutoReconnect("the key vault does not answer")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_absent_store_is_waited_for(error: PyMongoError) -> None:
    assert is_away(error)


@pytest.mark.parametrize(
    "error",
    [
        InvalidOperation("no open transaction"),
        ConfigurationError("unknown option"),
        DuplicateKeyError("taken", 11000),
        BulkWriteError({"writeErrors": []}),
        WriteError("document too large", 10334),
        OperationFailure("unknown operator", 2),
        EncryptionError(ValueError("not a key")),
        KeyError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_answer_or_a_mistake_is_not(error: Exception) -> None:
    assert not is_away(error)
