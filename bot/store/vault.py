"""The keys: MultiFernet, the first key encrypts, all of them decrypt, so that keys can be changed without a pause."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.models import Secret

KEY_FILE = "encryption.key"


class VaultError(Exception):
    """A key is missing, malformed, or not the one that a secret was encrypted with."""


class Vault:
    """Encrypts and decrypts secrets; knows nothing of where they are kept."""

    def __init__(self, keys: list[str]) -> None:
        if not keys:
            raise VaultError("ENCRYPTION_KEYS is empty. Make a key with: python -m bot keys new")
        try:
            self._cipher = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise VaultError(
                "ENCRYPTION_KEYS holds something that is no key. Make one with: python -m bot keys new"
            ) from None

    def __repr__(self) -> str:
        return "Vault()"

    def seal(self, secret: Secret) -> str:
        return self._cipher.encrypt(secret.reveal().encode()).decode()

    def open(self, token: str) -> Secret:
        try:
            return Secret(self._cipher.decrypt(token.encode()).decode())
        except InvalidToken:
            raise VaultError(
                "A stored secret cannot be read with the keys in ENCRYPTION_KEYS. Add the key that was in use before."
            ) from None

    def rotate(self, token: str) -> str:
        """The same secret under the first key."""
        try:
            return self._cipher.rotate(token.encode()).decode()
        except InvalidToken:
            raise VaultError("A stored secret cannot be read with any of the keys, so it was left as it is.") from None


def new_key() -> str:
    return Fernet.generate_key().decode()


def open_vault(keys: str, data_dir: Path, *, may_create: bool) -> Vault:
    """The vault for these settings.

    Args:
        keys: `ENCRYPTION_KEYS`, comma separated; when empty, the key file in `data_dir` is used.
        data_dir: where the key file lives, mode 0600.
        may_create: make the key file when it is missing (SQLite only: replicas must share their keys).
    """
    given = [key.strip() for key in keys.split(",") if key.strip()]
    if given:
        return Vault(given)
    file = data_dir / KEY_FILE
    if not file.exists():
        if not may_create:
            raise VaultError("ENCRYPTION_KEYS is missing. Make a key with: python -m bot keys new")
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass  # another process was first; its key is read below
        else:
            with os.fdopen(handle, "w") as out:
                out.write(new_key() + "\n")
    if file.stat().st_mode & 0o077:
        file.chmod(0o600)
    return Vault([line for line in file.read_text().split() if line])
