"""The grammar of our API: who asks, what they may, how often, how lists and errors look. Knows no record."""
