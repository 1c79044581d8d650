"""What people must know: problems that are open, and the trail of what was done by whom."""
