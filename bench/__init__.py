"""What a run costs, in requests above all."""
