"""What happens to one batch of one partition: decode, fold, deliver, measure."""
