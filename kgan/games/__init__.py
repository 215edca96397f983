"""The contracts of games: what every cast of players needs."""
