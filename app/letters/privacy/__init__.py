"""A supporter's own hand on their data: a link by mail, what is stored, taking it along, erasing it."""
