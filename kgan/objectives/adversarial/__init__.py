"""One generator against one discriminator: games that differ in their losses."""
