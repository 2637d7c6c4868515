"""Experts that come and go while the service runs: by the registry file, or by the API."""
