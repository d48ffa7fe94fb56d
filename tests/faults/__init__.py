"""What goes wrong: kills, servers that misbehave, processes that die."""
