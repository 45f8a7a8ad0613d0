"""What needs ipywidgets: sliders."""
