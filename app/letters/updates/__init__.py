"""News of a campaign for who asked for it: written at the desk, one mail each, stopped with one click."""
