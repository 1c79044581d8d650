"""Copies of files that lie at providers: where they are kept, how they are fetched, when they go."""
