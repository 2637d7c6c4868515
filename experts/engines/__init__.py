"""Local models: families, engines that swap weights in place, and the Ray actors they run in."""
