"""An error of autograd's, or a silence, explained on the graph."""
