"""What the tests stand on: real servers, clean databases, a checking client. No test is in here."""
