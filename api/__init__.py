"""In and out: the HTTP service, its settings, and the command line."""
