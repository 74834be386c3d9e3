"""Where card transactions come from: the Spend & Expense API, or a CSV file."""
