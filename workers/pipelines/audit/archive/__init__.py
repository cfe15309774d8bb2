"""The archive: batches of linked events with their checkpoints, as objects that are written once."""
