"""What metrics are made of: arrays, the decorator, derived arrays, and how a metric is computed."""
