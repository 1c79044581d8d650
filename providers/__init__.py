"""One folder, one provider: everything the hub knows of it."""
