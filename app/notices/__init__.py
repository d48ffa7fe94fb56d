"""The mails that we send in our own name."""
