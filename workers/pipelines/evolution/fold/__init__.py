"""From events to the migrations of one schema."""
