"""Commands for developers: they need the package `workers.dev`, which the image lacks."""
