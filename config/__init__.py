"""What the operator says: settings and logs."""
