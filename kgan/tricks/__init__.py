"""Values that change how a game is played."""
