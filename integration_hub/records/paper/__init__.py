"""What the hub prints: a ticket as a PDF. The heavy packages are imported only where one is drawn."""
