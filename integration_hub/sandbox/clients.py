"""What the simulated providers know this hub by when somebody signs in there. Plain Python: the start reads it too."""

from hashlib import sha256


def client(key: str) -> tuple[str, str]:
    """The demo id and secret at a provider: made from its key, always the same, and worth nothing anywhere else."""
    digest = sha256(f"{key} sandbox client".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}", digest[32:] * 2
