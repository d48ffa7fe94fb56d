"""What became of letters that were taken: their writers are asked, and what they tell is counted."""
