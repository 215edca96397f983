"""Every compiled function is traced once for each level of a game that grows."""

import numpy as np

import kgan


class Growing(kgan.StandardGAN):
    """Its fakes are twice as large at level 1; it notes at which level it is traced."""

    level = 0
    traced: list = []

    def generate(self, like):
        self.traced.append(self.level)
        fake = super().generate(like)
        return fake.replace(images=fake.images * (1.0 + self.level))


def test_each_level_is_traced_once_and_found_again(toy, ring):
    gan = toy(Growing)
    Growing.traced = []
    first = {}
    for level in (0, 1, 0, 1):
        gan.level = level
        gan.fit(ring, batch_size=80, epochs=2, verbose=0)
        assert first.setdefault(level, gan.train_function) is gan.train_function
    assert Growing.traced == sorted(Growing.traced) and set(Growing.traced) == {0, 1}


def test_looks_and_scores_are_of_the_present_level(toy, ring):
    gan = toy(Growing)
    looks, scores = {}, {}
    for found, look in (
        (looks, lambda: gan.inspect(ring[:8])["fake_spread"]),
        (scores, lambda: gan.evaluate(ring, batch_size=80, verbose=0)),
    ):
        for gan.level in (0, 1):
            found[gan.level] = look()
    np.testing.assert_allclose(looks[1], 2 * looks[0], rtol=1e-5)
    assert not np.allclose(scores[0], scores[1])
