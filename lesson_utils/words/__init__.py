"""From the graph to sentences and formulas."""
