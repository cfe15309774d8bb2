"""What an operator decides: settings of the environment, and the topology file."""
