"""What needs ipywidgets: sliders, films and flipbooks."""
