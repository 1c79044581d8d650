"""The receiving door: what providers report is verified, stored, answered, and only then worked on."""
