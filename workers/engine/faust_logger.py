"""The logger of our Faust services. It hides the lines about their start and stop, which do not help an operator."""

import logging

QUIET = logging.getLogger("faust.services")
