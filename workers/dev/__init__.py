"""Tools for developers: local servers, sample data, demo, benchmark. The image does not have them."""
