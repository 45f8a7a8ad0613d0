"""From the graph to SVG, DOT and HTML."""
