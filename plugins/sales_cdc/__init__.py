"""The package behind the DAGs: a folder for each feature, and the ground they stand on."""
