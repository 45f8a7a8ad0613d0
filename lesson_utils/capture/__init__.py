"""From torch to the graph: what a block of code computed, recorded as it runs."""
