"""A question's life: deliberation, aggregation, and the drivers that turn its crank."""
