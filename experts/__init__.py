"""Who can answer: cards, the registry, and the experts behind them."""
