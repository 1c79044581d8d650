"""The engine: rows, lanes, runs. Knows no provider and no record; the fixed rules stand in README.md of the house."""
