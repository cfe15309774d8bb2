"""The logger of our classes that are Faust's services: it says of each that it starts and stops, no news to an operator."""

import logging

QUIET = logging.getLogger("faust.services")
