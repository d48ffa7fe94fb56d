"""Those who write, and what they agreed to."""
