"""What operators use beside the workers: checks, repricing, decisions on schemas, purging."""
