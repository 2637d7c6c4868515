"""Models behind somebody's HTTP API, asked directly or through LiteLLM."""
