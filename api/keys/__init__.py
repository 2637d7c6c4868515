"""Who may ask, and how much: keys, their limits and budgets, and the check at the entrance."""
