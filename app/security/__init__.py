"""Keys, sealed columns, tokens, headers, and the guard before every route."""
