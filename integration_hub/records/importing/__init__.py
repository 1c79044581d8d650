"""Records from files of other systems: read strictly, matched by column, checked in whole, then saved in chunks.

Nothing is saved while a single row is wrong. Saving is repeatable: the same file twice changes nothing, and a run that
was killed is completed by running it again.
"""
