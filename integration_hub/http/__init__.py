"""The one door out: every call to the outside is paced, timed, guarded, measured and explained here."""
