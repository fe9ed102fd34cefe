"""The stores of identity: the only place that knows its documents, filters and indexes."""
