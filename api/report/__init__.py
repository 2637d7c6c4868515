"""What an evaluation found, for people: tables in the terminal, and a page to keep."""
