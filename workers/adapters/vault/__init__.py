"""The vault: HashiCorp Vault, or OpenBao with the same API."""
