"""`python -m app.cli` is `redress`, for processes that start others of their kind."""

from app.cli import main

main()
