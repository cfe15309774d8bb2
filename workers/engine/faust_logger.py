"""The logger of our classes that are Faust's services: their starting and stopping is no news to an operator."""

import logging

QUIET = logging.getLogger("faust.services")
