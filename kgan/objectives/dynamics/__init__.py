"""The same games with other dynamics: who moves when, and along what."""
