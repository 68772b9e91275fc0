"""One hook for each kind of AWS resource: find, create, update, wait for and delete it."""
