"""Recipes' sections of small games of every cast besides a generator against a discriminator."""

import yaml

RING = "RingOfGaussians: {size: 600}"

CASTS = {
    "BiGAN": f"""
dataset: {{{RING}}}
generator: {{MLPGenerator: {{latent_dim: 2, units: [16, 16]}}}}
encoder: {{MLPEncoder: {{units: [16, 16]}}}}
discriminator: {{MLPJointDiscriminator: {{units: [16, 16]}}}}
objective: {{BiGAN: {{discriminator_steps: 2}}}}
""",
    "CycleGAN": f"""
dataset: {{Domains: {{a: {{{RING}}}, b: {{GridOfGaussians: {{size: 500}}}}}}}}
generator_ab: {{MLPGenerator: {{latent_dim: 2, units: [16, 16]}}}}
generator_ba: {{MLPGenerator: {{latent_dim: 2, units: [16, 16]}}}}
discriminator_a: {{MLPDiscriminator: {{units: [16, 16]}}}}
discriminator_b: {{MLPDiscriminator: {{units: [16, 16]}}}}
objective: {{CycleGAN: {{}}}}
""",
    "MGAN": f"""
dataset: {{{RING}}}
generator: {{MLPGenerators: {{generators: 4, latent_dim: 2, units: [16, 16]}}}}
discriminator: {{MLPDiscriminator: {{units: [16, 16], conditioning: auxiliary}}}}
objective: {{MGAN: {{discriminator_steps: 2}}}}
""",
}


def recipe_of(cast, optimizer, **settings):
    """The text of a recipe: every player has the same optimizer, {name: arguments}."""
    sections = yaml.safe_load(CASTS[cast])
    players = [name for name in sections if name not in ("dataset", "objective")]
    return yaml.safe_dump(
        {"precision": "float32", **settings, **sections, "optimizers": dict.fromkeys(players, optimizer)},
        sort_keys=False,
    )
