"""Object stores: a folder, S3, GCS or Azure, by obstore."""
