"""Embedding models: the router's encoder, and those that the registry file lists."""
