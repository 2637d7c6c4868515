"""Who observes the service: metrics, traces and log lines, one module each."""
