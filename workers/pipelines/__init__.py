"""One folder for each worker, with everything that only this worker needs. ``fleet`` lists them."""
