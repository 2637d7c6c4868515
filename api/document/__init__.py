"""The API's OpenAPI document: what every endpoint takes, answers and refuses."""
