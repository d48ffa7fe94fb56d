"""The outbox: states, attempts, senders and the worker. Knows an envelope, not a campaign."""
