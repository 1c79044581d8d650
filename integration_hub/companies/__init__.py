"""Who we serve: companies, their people, their API tokens, and the scope no query can forget."""
