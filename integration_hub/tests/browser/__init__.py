"""What only a browser can tell: accessibility, refreshes that move nothing, two tabs, and a quiet console."""
