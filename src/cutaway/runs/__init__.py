"""What lasts: durable writes."""
