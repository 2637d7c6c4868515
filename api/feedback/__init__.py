"""What users say of answers, and how it changes whom their questions are asked of."""
