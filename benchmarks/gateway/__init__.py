"""What a gateway adds to a call, measured side by side: `python -m benchmarks.gateway`."""
