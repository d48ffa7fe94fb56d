"""A month of a campaign under the test clock: who takes part in it, and where its sums stand."""
