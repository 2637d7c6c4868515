"""Files that clients hand in and fetch: kept in Redis in pieces, never whole in memory."""
